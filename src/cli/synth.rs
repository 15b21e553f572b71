//! `hairline synth`

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use crate::synth::dataset;

#[derive(Debug, Args)]
pub struct SynthArgs {
    /// Where to write images/, masks/ and the split lists.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How many photographs.
    #[arg(short = 'n', long, value_name = "N")]
    count: u32,
    /// Equal seeds give equal photographs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub fn run(args: &SynthArgs) -> anyhow::Result<Outcome> {
    dataset::write(&args.out, args.count, args.seed)?;
    Ok(Outcome::Done)
}
