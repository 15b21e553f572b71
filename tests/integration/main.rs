//! Hairline as its users meet it: the real binary, real requests, a real browser.
//!
//! Tests that need programs or data which `cargo test` cannot count on are
//! ignored there; `tests/run` installs what they need and runs them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod api;
mod bad_input;
mod browser;
mod browser_cracks;
mod browser_history;
mod command_line;
mod disk_full;
mod durability;
mod editor;
mod evaluating;
mod exchange;
mod exports;
mod guards;
mod history;
mod inspection;
mod keeping;
mod licences;
mod measuring;
mod models;
mod pages;
mod pipeline;
mod real_photographs;
mod resources;
mod review;
mod rooms;
mod speed;
mod support;
mod tracking;
mod training;
mod training_reference;
