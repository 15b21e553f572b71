//! Which labels may train, and which photographs to label next.
//!
//! A label is looked at once (`checks`); what is odd about it keeps it in quarantine until a person accepts it.
//! Photographs without a label are ranked by what a label of them would teach (`benefit`).

mod benefit;
mod checks;
mod contrast;
mod keeper;
mod reasons;

pub use benefit::{Benefit, Signals};
pub use checks::{Label, Neighbours, OtherLabel, SamePicture, check};
pub use contrast::edge_share;
pub use keeper::{Keeper, signals};
pub use reasons::{DICE_LIMIT, EDGE_LIMIT, HASH_LIMIT, Reason, SHARE_LIMIT};

#[cfg(test)]
mod tests;
