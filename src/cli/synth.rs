//! `hairline synth`

use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;

use super::Outcome;
use crate::synth::dataset;

#[derive(Debug, Args)]
pub struct SynthArgs {
    /// Where to write images/ and masks/.
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
    let bar = ProgressBar::new(u64::from(args.count));
    dataset::write(&args.out, args.count, args.seed, || bar.inc(1))?;
    bar.finish_and_clear();
    Ok(Outcome::Done)
}
