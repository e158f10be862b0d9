//! Money and prices of calls, in whole nano-dollars so that sums are exact.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Sub},
};

use serde::{Deserialize, Serialize};

use crate::Usage;

/// An amount of money in billionths of a US dollar. Sums saturate instead of overflowing.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Money(i64);

impl Money {
    /// Zero dollars.
    pub const ZERO: Self = Self(0);

    /// An amount in US dollars, rounded to the nearest nano-dollar.
    pub fn from_usd(dollars: f64) -> Self {
        Self((dollars * 1e9).round() as i64)
    }

    /// An amount in nano-dollars, as the journal stores it.
    pub fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The amount in nano-dollars.
    pub fn nanos(self) -> i64 {
        self.0
    }

    /// The amount in US dollars.
    pub fn usd(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = self.usd();
        if self.0 != 0 && dollars.abs() < 0.01 {
            write!(f, "${dollars:.6}")
        } else {
            write!(f, "${dollars:.2}")
        }
    }
}

/// Prices of a model's tokens, in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Tokens of the request.
    pub input: f64,
    /// Tokens of the request that the provider read from its cache; as `input` if absent.
    #[serde(default)]
    pub cached_input: Option<f64>,
    /// Tokens of the answer, reasoning included.
    pub output: f64,
}

impl Price {
    /// The cost of a call with this usage.
    pub fn cost(&self, usage: &Usage) -> Money {
        let cached = usage.cached_tokens.min(usage.input_tokens);
        let fresh = usage.input_tokens - cached;
        Money::from_usd(
            (fresh as f64 * self.input
                + cached as f64 * self.cached_input.unwrap_or(self.input)
                + usage.output_tokens as f64 * self.output)
                / 1e6,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_tokens_cost_the_table_price() {
        let price = Price {
            input: 0.4,
            cached_input: Some(0.1),
            output: 1.6,
        };
        let usage = Usage {
            input_tokens: 1_000_000,
            output_tokens: 500_000,
            cached_tokens: 250_000,
            reasoning_tokens: 100,
        };
        assert_eq!(price.cost(&usage), Money::from_usd(0.3 + 0.025 + 0.8));
        assert_eq!(price.cost(&Usage::default()), Money::ZERO);
    }

    #[test]
    fn small_amounts_do_not_read_as_nothing() {
        assert_eq!(Money::from_usd(0.000_25).to_string(), "$0.000250");
        assert_eq!(Money::from_usd(12.345).to_string(), "$12.35");
        assert_eq!(Money::ZERO.to_string(), "$0.00");
    }
}
