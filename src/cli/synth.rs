//! `hairline synth`

use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;

use super::Outcome;
use crate::synth::options::{CrackWidths, DatasetOptions, Size};
use crate::synth::{Surface, dataset};

#[derive(Debug, Args)]
pub struct SynthArgs {
    /// Where to write images/, masks/ and truth/.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How many photographs.
    #[arg(short = 'n', long, value_name = "N")]
    count: u32,
    /// Equal seeds give equal photographs.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Size of the photographs in pixels, sides from 64 to 4096 [default: 640x480].
    #[arg(long, value_name = "WIDTHxHEIGHT")]
    size: Option<Size>,
    /// Material of all photographs [default: mixed].
    #[arg(long)]
    surface: Option<Surface>,
    /// Typical widths of cracks in pixels, from 0.5 to 18; branches are narrower [default: mixed].
    #[arg(long, value_name = "A..B")]
    width_px: Option<CrackWidths>,
    /// Add signs, recesses and the foot of a wall: what is dark and smooth and no crack.
    #[arg(long)]
    fixtures: bool,
}

pub fn run(args: &SynthArgs) -> anyhow::Result<Outcome> {
    let bar = ProgressBar::new(u64::from(args.count));
    let options = DatasetOptions {
        count: args.count,
        seed: args.seed,
        size: args.size.unwrap_or_default(),
        surface: args.surface,
        widths: args.width_px,
        fixtures: args.fixtures,
    };
    dataset::write(&args.out, &options, || bar.inc(1))?;
    bar.finish_and_clear();
    Ok(Outcome::Done)
}
