//! Ratings: which rater put which item into which category, with gaps.

use std::collections::BTreeSet;

use thiserror::Error;

/// Items × raters of category indexes; a rating may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ratings {
    categories: usize,
    raters: usize,
    items: Vec<Vec<Option<usize>>>,
    clusters: Vec<u64>,
}

/// Why ratings are rejected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RatingsError {
    /// A category index is not below the number of categories.
    #[error(
        "category {category} of item {item} is not below the number of categories {categories}"
    )]
    CategoryOutOfRange {
        /// Index of the item, from 0.
        item: usize,
        /// The index that was given.
        category: usize,
        /// Number of categories.
        categories: usize,
    },
    /// An item has a different number of raters than the first.
    #[error("item {item} has {found} ratings and not {expected}")]
    UnequalRaters {
        /// Index of the item, from 0.
        item: usize,
        /// Ratings of the item, missing ones included.
        found: usize,
        /// Ratings of the first item.
        expected: usize,
    },
    /// The number of cluster ids differs from the number of items.
    #[error("{found} cluster ids for {expected} items")]
    UnequalClusters {
        /// Number of cluster ids given.
        found: usize,
        /// Number of items.
        expected: usize,
    },
}

impl Ratings {
    /// Ratings with the categories `0..categories`. Every item has one place per rater, `None`
    /// if that rater did not rate it. An empty list is allowed: every coefficient of it is
    /// undefined.
    ///
    /// # Errors
    ///
    /// [`RatingsError::UnequalRaters`] if an item has a different number of places than the
    /// first; [`RatingsError::CategoryOutOfRange`] if a category is not below `categories`.
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
    ///
    /// # Errors
    ///
    /// [`RatingsError::CategoryOutOfRange`] if a category is not below `categories`.
    pub fn of_two(categories: usize, pairs: &[(usize, usize)]) -> Result<Self, RatingsError> {
        let items = pairs.iter().map(|(a, b)| vec![Some(*a), Some(*b)]);
        Self::new(categories, items.collect())
    }

    /// Sets one cluster id per item. Items of one cluster are not independent, such as several
    /// answers to one probe. Without this, every item is its own cluster.
    ///
    /// # Errors
    ///
    /// [`RatingsError::UnequalClusters`] if the number of ids differs from the number of items.
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

    /// Cluster id and ratings of each item.
    pub(super) fn rows(&self) -> impl Iterator<Item = (u64, &[Option<usize>])> {
        let items = self.items.iter().map(Vec::as_slice);
        self.clusters.iter().copied().zip(items)
    }

    /// For each item with a rating: its cluster id and the number of ratings per category.
    pub(super) fn tallies(&self) -> impl Iterator<Item = (u64, Vec<f64>)> {
        self.rows().filter_map(|(cluster, ratings)| {
            let mut tally = vec![0.0; self.categories];
            for category in ratings.iter().flatten() {
                tally[*category] += 1.0;
            }
            tally.iter().any(|n| *n > 0.0).then_some((cluster, tally))
        })
    }

    /// Number of items with at least two ratings, and number of clusters that they are in.
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
