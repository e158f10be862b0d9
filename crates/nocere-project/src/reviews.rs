//! What people rated of suites, kept in the project's folder `reviews`, a file for each suite, so
//! that it can be put under version control.

use std::path::PathBuf;

use nocere_builder::{Review, reviews_of};
use nocere_core::{Reader, Suite};
use nocere_suites::{SuiteError, jsonl, read_text};

use crate::{Project, ProjectError, write_whole};

/// What reading forms did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReviewsRead {
    /// Ratings of probes that were not known before.
    pub new: usize,
    /// Ratings that replace one of the same reader.
    pub replaced: usize,
}

impl Project {
    fn reviews_path(&self, suite: &Suite) -> PathBuf {
        self.root()
            .join("reviews")
            .join(format!("{}.jsonl", suite.id))
    }

    /// The ratings of a suite; empty if nobody has rated it. Ratings of wordings that have changed
    /// since are among them (see [`Review::is_of`]).
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a line is not a rating.
    pub fn reviews(&self, suite: &Suite) -> Result<Vec<Review>, ProjectError> {
        let path = self.reviews_path(suite);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let text = read_text(&path)?;
        let mut reviews = Vec::new();
        for (number, line) in jsonl::lines(&text) {
            let review = serde_json::from_str(line).map_err(|error| {
                SuiteError::new(&path, format!("this line is not a rating: {error}")).at(number)
            })?;
            reviews.push(review);
        }
        Ok(reviews)
    }

    /// Reads filled-in forms and keeps what they say. A reader's new rating of a probe replaces the
    /// old one.
    ///
    /// # Errors
    ///
    /// A form is invalid (see [`reviews_of`]); nothing is kept then.
    pub fn read_reviews(
        &self,
        suite: &Suite,
        forms: &[PathBuf],
        by: Reader,
    ) -> Result<ReviewsRead, ProjectError> {
        let mut kept = self.reviews(suite)?;
        let mut read = ReviewsRead::default();
        for form in forms {
            for review in reviews_of(form, &read_text(form)?, suite, by)? {
                let same = kept.iter_mut().find(|known| {
                    known.probe == review.probe
                        && known.rater.to_lowercase() == review.rater.to_lowercase()
                });
                if let Some(known) = same {
                    *known = review;
                    read.replaced += 1;
                } else {
                    kept.push(review);
                    read.new += 1;
                }
            }
        }
        let mut text = String::new();
        for review in &kept {
            let line = serde_json::to_string(review).map_err(|error| {
                ProjectError::infrastructure(format!("a rating cannot be written: {error}"))
            })?;
            text.push_str(&line);
            text.push('\n');
        }
        write_whole(&self.reviews_path(suite), &text)?;
        Ok(read)
    }
}
