//! `hairline models import` and `export`

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Args;

use crate::cli::{print, stem};
use crate::net::{onnx, read_checkpoint, read_model, write_model};
use crate::registry;
use crate::settings::Model as ModelSettings;
use crate::training::write_whole;

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// What `torch.save` wrote: a state dict, or a dict with one under `model_state_dict`.
    #[arg(value_name = "CHECKPOINT")]
    checkpoint: PathBuf,
    /// Name of the model [default: that of the file].
    #[arg(long)]
    name: Option<String>,
    /// Licence of the weights, as the photographs that trained them demand it.
    #[arg(long, default_value = "not stated")]
    licence: String,
    /// The model file to write [default: NAME.safetensors in the models folder].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Name or file of the model.
    #[arg(value_name = "MODEL")]
    model: String,
    /// The ONNX file to write. Its input is `image`, [batch, 3, height, width] with red, green and blue as 0..1 and sides
    /// that are multiples of 16; its output `probabilities`, [batch, 1, height, width].
    #[arg(long, value_name = "FILE")]
    onnx: PathBuf,
}

pub fn import(args: &ImportArgs, settings: &ModelSettings) -> anyhow::Result<()> {
    let checkpoint = args.checkpoint.display().to_string();
    let name = args.name.clone().unwrap_or_else(|| stem(&args.checkpoint, "imported"));
    let out = args.out.clone().unwrap_or_else(|| registry::file_of(&name, &settings.directory));
    ensure!(!out.exists(), "{} exists already; choose another name with --name, or file with --out", out.display());
    let (metadata, parameters) = read_checkpoint(&args.checkpoint, &name, &args.licence).context(checkpoint)?;
    write(&out, &write_model(&metadata, &parameters)?)?;
    let (out, width, scale) = (out.display(), metadata.base_width, metadata.input.scale);
    print(&format!("{out}: base width {width}, input {scale}, threshold {}", metadata.threshold))?;
    Ok(())
}

pub fn export(args: &ExportArgs, settings: &ModelSettings) -> anyhow::Result<()> {
    let model = registry::find(&args.model, &settings.directory)?;
    let (metadata, parameters) = read_model(&model.bytes).with_context(|| model.place.to_string())?;
    write(&args.onnx, &onnx::write(&metadata, &parameters)?)?;
    let (out, opset) = (args.onnx.display(), onnx::OPSET);
    print(&format!("{out}: ONNX, operators of version {opset}, licence of the weights: {}", metadata.licence))?;
    Ok(())
}

/// The whole file or none of it, in a folder that is made where it is missing.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    Ok(write_whole(path, bytes)?)
}
