//! The network as an ONNX file, from colours to probabilities.
//!
//! Input `image` `[batch, 3, height, width]`: red, green, blue, 0..1. Output `probabilities` `[batch, 1, height, width]`.
//! Sides are multiples of 16. Normalisation and temperature are part of the graph.

mod graph;
mod proto;

use prost::Message;

use self::proto::{
    Dimension, FLOAT, GraphProto, ModelProto, OperatorSetIdProto, Side, StringStringEntryProto, TensorShapeProto,
    TensorTypeProto, TypeProto, ValueInfoProto,
};
use super::metadata::ModelMetadata;
use super::state::{StateDict, StateError};

/// Version of the operators.
pub const OPSET: i64 = 17;
/// Version of the file format that came with [`OPSET`].
const IR_VERSION: i64 = 8;
/// Name of the input.
pub const INPUT: &str = "image";
/// Name of the output.
pub const OUTPUT: &str = "probabilities";
/// Protocol buffers cannot be larger.
const MAX_BYTES: usize = (1 << 31) - 1;

/// Why a model cannot be written as ONNX.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// A parameter is missing or has another shape.
    #[error("model parameters: {0}")]
    State(#[from] StateError),
    /// The metadata cannot be written.
    #[error("model metadata: {0}")]
    Metadata(#[from] serde_json::Error),
    /// Too large for one file.
    #[error("the model takes {bytes} bytes; an ONNX file holds {MAX_BYTES} at most")]
    TooLarge {
        /// What it would take.
        bytes: usize,
    },
}

/// Writes the model; equal models give equal bytes.
///
/// The file's properties hold `hairline` (all metadata as JSON), `name`, `licence`, `threshold` and `scale`.
///
/// # Errors
/// If a parameter is missing, or there are too many.
pub fn write(metadata: &ModelMetadata, parameters: &StateDict) -> Result<Vec<u8>, OnnxError> {
    let (node, initializer) = graph::build(metadata, parameters)?;
    let graph = GraphProto {
        name: metadata.name.clone(),
        node,
        initializer,
        input: vec![value(INPUT, 3, "red, green, blue, 0..1; height and width are multiples of 16")],
        output: vec![value(OUTPUT, 1, "probability that a pixel is crack, 0..1")],
    };
    let model = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "hairline".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: description(metadata),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        metadata_props: properties(metadata)?,
    };
    let bytes = model.encoded_len();
    if bytes > MAX_BYTES {
        return Err(OnnxError::TooLarge { bytes });
    }
    Ok(model.encode_to_vec())
}

fn value(name: &str, channels: i64, description: &str) -> ValueInfoProto {
    let named = |axis: &str| Side::DimParam(axis.into());
    let sides = [named("batch"), Side::DimValue(channels), named("height"), named("width")];
    let dim = sides.map(|side| Dimension { value: Some(side) }).into();
    let tensor_type = TensorTypeProto { elem_type: FLOAT, shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto { tensor_type: Some(tensor_type) }),
        doc_string: description.into(),
    }
}

fn description(metadata: &ModelMetadata) -> String {
    let ModelMetadata { name, licence, threshold, core, input, .. } = metadata;
    // Which pixels hang together is no operator of a network: who reads the mask applies it.
    let rule =
        if *core > 0.0 { format!(", in short regions only where they reach {core} somewhere") } else { String::new() };
    format!(
        "Attention U-Net `{name}`: finds cracks in photographs. A pixel is crack from probability {threshold} on{rule}. \
         Scale of the photograph: {}. Licence of the weights: {licence}.",
        input.scale
    )
}

fn properties(metadata: &ModelMetadata) -> Result<Vec<StringStringEntryProto>, serde_json::Error> {
    let entries = [
        ("hairline", serde_json::to_string(metadata)?),
        ("name", metadata.name.clone()),
        ("licence", metadata.licence.clone()),
        ("threshold", metadata.threshold.to_string()),
        ("scale", metadata.input.scale.to_string()),
    ];
    Ok(entries.into_iter().map(|(key, value)| StringStringEntryProto { key: key.into(), value }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::read_model;
    use crate::net::tests::small_model;

    #[test]
    fn equal_models_give_equal_files_that_say_what_they_are() {
        let (metadata, parameters) = read_model(&small_model(|_, _| {})).unwrap();
        let bytes = write(&metadata, &parameters).unwrap();
        assert_eq!(bytes, write(&metadata, &parameters).unwrap());
        let model = ModelProto::decode(bytes.as_slice()).unwrap();
        let property = |key: &str| model.metadata_props.iter().find(|p| p.key == key).unwrap().value.clone();
        assert_eq!(serde_json::from_str::<ModelMetadata>(&property("hairline")).unwrap(), metadata);
        assert_eq!(property("licence"), metadata.licence);
        let graph = model.graph.unwrap();
        assert_eq!((graph.input[0].name.as_str(), graph.output[0].name.as_str()), (INPUT, OUTPUT));
        let missing = StateDict::default();
        assert!(write(&metadata, &missing).unwrap_err().to_string().contains("Conv1.conv.0.bias is missing"));
    }
}
