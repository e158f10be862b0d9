//! Ratings: which rater put which item into which category, with gaps.

use std::collections::BTreeSet;

use thiserror::Error;

/// Items × raters of category indexes, where a rating may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ratings {
    categories: usize,
    raters: usize,
    items: Vec<Vec<Option<usize>>>,
    clusters: Vec<u64>,
}

/// Why ratings cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RatingsError {
    /// A category index is not below the number of categories.
    #[error(
        "category {category} of item {item} is not below the number of categories {categories}"
    )]
    CategoryOutOfRange {
        /// The item, from 0.
        item: usize,
        /// The index that was given.
        category: usize,
        /// How many categories there are.
        categories: usize,
    },
    /// An item has another number of raters than the first.
    #[error("item {item} has {found} ratings and not {expected}")]
    UnequalRaters {
        /// The item, from 0.
        item: usize,
        /// Ratings of the item, missing ones included.
        found: usize,
        /// Ratings of the first item.
        expected: usize,
    },
    /// There is not one cluster id per item.
    #[error("{found} cluster ids for {expected} items")]
    UnequalClusters {
        /// Cluster ids that were given.
        found: usize,
        /// Number of items.
        expected: usize,
    },
}

impl Ratings {
    /// Ratings with the categories `0..categories`. Every item has one place per rater;
    /// `None` where that rater did not rate it. No items at all are allowed: every
    /// coefficient of them is undefined.
    pub fn new(categories: usize, items: Vec<Vec<Option<usize>>>) -> Result<Self, RatingsError> {
        let raters = items.first().map_or(0, Vec::len);
        for (item, ratings) in items.iter().enumerate() {
            if ratings.len() != raters {
                return Err(RatingsError::UnequalRaters {
                    item,
                    found: ratings.len(),
                    expected: raters,
                });
            }
            if let Some(category) = ratings.iter().flatten().find(|c| **c >= categories) {
                return Err(RatingsError::CategoryOutOfRange {
                    item,
                    category: *category,
                    categories,
                });
            }
        }
        let clusters = (0..items.len() as u64).collect();
        Ok(Self {
            categories,
            raters,
            items,
            clusters,
        })
    }

    /// Ratings of two raters who both rated every item.
    pub fn of_two(categories: usize, pairs: &[(usize, usize)]) -> Result<Self, RatingsError> {
        let items = pairs.iter().map(|(a, b)| vec![Some(*a), Some(*b)]);
        Self::new(categories, items.collect())
    }

    /// The same with one cluster id per item: items of one cluster are not independent, as
    /// several answers to one probe are not. Without it every item is its own cluster.
    pub fn with_clusters(self, clusters: Vec<u64>) -> Result<Self, RatingsError> {
        if clusters.len() != self.items.len() {
            return Err(RatingsError::UnequalClusters {
                found: clusters.len(),
                expected: self.items.len(),
            });
        }
        Ok(Self { clusters, ..self })
    }

    /// Number of categories, used or not.
    pub fn categories(&self) -> usize {
        self.categories
    }

    /// Number of raters.
    pub fn raters(&self) -> usize {
        self.raters
    }

    /// Number of items, rated or not.
    pub fn items(&self) -> usize {
        self.items.len()
    }

    /// The cluster id and the ratings of each item.
    pub(super) fn rows(&self) -> impl Iterator<Item = (u64, &[Option<usize>])> {
        let items = self.items.iter().map(Vec::as_slice);
        self.clusters.iter().copied().zip(items)
    }

    /// The cluster id of each item that has a rating, with how often each category was given.
    pub(super) fn tallies(&self) -> impl Iterator<Item = (u64, Vec<f64>)> {
        self.rows().filter_map(|(cluster, ratings)| {
            let mut tally = vec![0.0; self.categories];
            for category in ratings.iter().flatten() {
                tally[*category] += 1.0;
            }
            tally.iter().any(|n| *n > 0.0).then_some((cluster, tally))
        })
    }

    /// Items with at least two ratings, and the clusters they are in.
    pub(super) fn paired_counts(&self) -> (u64, u64) {
        let paired: Vec<u64> = self
            .rows()
            .filter(|(_, ratings)| ratings.iter().flatten().count() > 1)
            .map(|(cluster, _)| cluster)
            .collect();
        let clusters: BTreeSet<&u64> = paired.iter().collect();
        (paired.len() as u64, clusters.len() as u64)
    }
}
