//! Hairline finds cracks in photographs of concrete, asphalt and masonry.
//!
//! One request: `web` reads the upload, `serving` admits and decodes it and
//! takes its tiles in turn with those of others, `segment` cuts, runs the
//! network in `net` and blends, `store` keeps the result.
//!
//! A room may use only rooms below it; `docs/architecture.md` has the picture.

#![forbid(unsafe_code)]

pub mod cli;

pub mod app;

pub mod web;

pub mod serving;

pub mod exchange;

pub mod review;

pub mod report;

pub mod registry;

pub mod bench;

pub mod training;

pub mod evaluation;

pub mod tracking;

pub mod store;

pub mod segment;

pub mod measure;

pub mod net;

pub mod synth;

pub mod vision;

pub mod telemetry;

pub mod settings;

pub mod digest;
pub mod domain;
