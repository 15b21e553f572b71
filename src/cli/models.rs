//! `hairline models`

mod describe;
mod files;

use clap::{Args, Subcommand};

use super::{Common, Outcome};

#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Lists the models of the binary and of the models folder; a star marks the one in use.
    List(describe::ListArgs),
    /// Tells all that a model says of itself, and its scores where they stand beside it.
    Show(describe::ShowArgs),
    /// Makes a model file of a PyTorch checkpoint (.pth) of the system that Hairline replaces.
    Import(files::ImportArgs),
    /// Writes a model as ONNX, from colours to probabilities.
    Export(files::ExportArgs),
}

pub fn run(args: &ModelsArgs) -> anyhow::Result<Outcome> {
    let settings = args.common.settings(&[])?;
    match &args.action {
        Action::List(list) => describe::list(list, &settings.model)?,
        Action::Show(show) => describe::show(show, &settings.model)?,
        Action::Import(import) => files::import(import, &settings.model)?,
        Action::Export(export) => files::export(export, &settings.model)?,
    }
    Ok(Outcome::Done)
}
