//! HTTP: pages for people, an API for programs, guards before both.

mod api;
mod error;
mod guard;
mod idempotency;
mod pages;
mod query;
mod scale;
mod server;
mod state;
mod upload;

pub use api::openapi_json;
pub use error::ApiError;
pub use server::start;
pub use state::{PageJobs, WebState};
