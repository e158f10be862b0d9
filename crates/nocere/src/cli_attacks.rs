//! Arguments about who leads conversations, and those of `nocere attacks`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use nocere_core::Perspective;
use nocere_project::Design;

/// Who leads the conversations of a run.
#[derive(Debug, Args)]
pub(crate) struct DriverArgs {
    /// How probes are asked: `direct`, as written; an attack of `nocere attacks list`; several
    /// attacks one after the other, as in `claimed-credential+typing-errors`; or `family:NAME`. Give
    /// it several times to compare them [default: the protocol's, else direct].
    #[arg(long = "driver", value_name = "DRIVER")]
    pub(crate) drivers: Vec<String>,
    /// A circumstance of the asker to cross the probes with, as `urgency` or `urgency=none,high`:
    /// see `nocere attacks list --factors`.
    #[arg(long = "factor", value_name = "FACTOR")]
    pub(crate) factors: Vec<String>,
    /// Which combinations of the factors' levels are asked.
    #[arg(long, value_name = "DESIGN")]
    pub(crate) design: Option<DesignArg>,
    /// Guards to put each target behind, separated by commas, to compare them: `none`, `prompt`,
    /// `input`, `output`, `self-check`, or several joined by `+`.
    #[arg(long, value_name = "GUARDS", value_delimiter = ',')]
    pub(crate) guards: Vec<String>,
    /// The target that writes for attacks which need a model.
    #[arg(long, value_name = "TARGET")]
    pub(crate) attacker: Option<String>,
    /// The judge that adaptive attacks ask during the conversation [default: refusal, embedded].
    #[arg(long, value_name = "JUDGE")]
    pub(crate) scorer: Option<String>,
}

/// See [`Design`].
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DesignArg {
    /// Every combination.
    Full,
    /// For factors of two levels: a fraction that keeps their main effects apart.
    Fraction,
}

impl From<DesignArg> for Design {
    fn from(design: DesignArg) -> Self {
        match design {
            DesignArg::Full => Self::Full,
            DesignArg::Fraction => Self::Fraction,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum AttacksCommand {
    /// List attacks with their family, what they need and whom they are for.
    List {
        /// Only those of this family.
        #[arg(long)]
        family: Option<String>,
        /// Only those that are for this asker.
        #[arg(long)]
        perspective: Option<Perspective>,
        /// List the factors that `--factor` names instead.
        #[arg(long)]
        factors: bool,
    },
    /// Show one attack or factor whole: what it says, where it is from, how hazardous it is.
    Show {
        /// Its name.
        name: String,
    },
    /// Put a text through attacks and show what a target would be asked, without a target.
    Try {
        /// An attack, or several joined by `+`.
        name: String,
        /// The request to attack.
        text: String,
        /// Language of the request.
        #[arg(long, default_value = "en")]
        language: String,
        /// The target that writes for attacks which need a model.
        #[arg(long, value_name = "TARGET")]
        attacker: Option<String>,
        /// Seed of everything random.
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
    /// Write a search that tries first what gave way in a run: an attack for the next run.
    Learn {
        /// The run: an id, its beginning, or `latest`.
        #[arg(default_value = "latest")]
        run: String,
        /// File to write the attack to; its name without `.yaml` is the attack's name.
        #[arg(long, short, value_name = "FILE")]
        out: PathBuf,
        /// Most attacks that are tried on one probe.
        #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=100))]
        attempts: u32,
    },
    /// Freeze the attacks of a run that succeeded into a suite.
    Harvest {
        /// The run: an id, its beginning, or `latest`.
        #[arg(default_value = "latest")]
        run: String,
        /// File to write the suite to.
        #[arg(long, short, value_name = "FILE")]
        out: PathBuf,
        /// The judge whose errors count [default: any judge of the run].
        #[arg(long, value_name = "JUDGE")]
        judge: Option<String>,
    },
}
