//! Limits the number of calls that one conversation may make.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use nocere_core::{BoxFuture, ChatModel, ChatReply, ChatRequest, ModelError, ModelIdentity};

/// The call budget of one conversation, shared by all its models.
#[derive(Clone)]
pub(crate) struct CallBudget {
    calls: u32,
    made: Arc<AtomicU32>,
}

impl CallBudget {
    pub(crate) fn new(calls: u32) -> Self {
        Self {
            calls,
            made: Arc::default(),
        }
    }

    /// Wraps `model`, so that its calls count against this budget.
    pub(crate) fn limit(&self, model: Box<dyn ChatModel>) -> Box<dyn ChatModel> {
        Box::new(Limited {
            model,
            budget: self.clone(),
        })
    }

    /// Takes one call from the budget; false if none is left.
    fn take(&self) -> bool {
        let one_more = |made: u32| (made < self.calls).then_some(made + 1);
        self.made
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .is_ok()
    }
}

struct Limited {
    model: Box<dyn ChatModel>,
    budget: CallBudget,
}

impl ChatModel for Limited {
    fn chat<'a>(
        &'a self,
        request: &'a ChatRequest,
    ) -> BoxFuture<'a, Result<ChatReply, ModelError>> {
        if self.budget.take() {
            return self.model.chat(request);
        }
        let calls = self.budget.calls;
        Box::pin(async move { Err(ModelError::CallBudget { calls }) })
    }

    fn identity(&self) -> &ModelIdentity {
        self.model.identity()
    }
}
