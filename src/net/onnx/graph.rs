//! The network's operators, in the order in which they run.

use super::proto::{AttributeProto, AttributeType, FLOAT, NodeProto, TensorProto};
use super::{INPUT, OUTPUT};
use crate::net::architecture::{
    BATCH_NORM_EPSILON, HEAD, INPUT_CHANNELS, LEVELS, decoder_name, encoder_name, gate_name, up_name,
};
use crate::net::metadata::ModelMetadata;
use crate::net::state::{StateDict, StateError, Tensor};

/// Constants of the input and output, beside the network's own tensors.
const MEAN: &str = "input.mean";
const STD: &str = "input.std";
const TEMPERATURE: &str = "temperature";

/// Operators and constants.
pub fn build(
    metadata: &ModelMetadata,
    parameters: &StateDict,
) -> Result<(Vec<NodeProto>, Vec<TensorProto>), StateError> {
    let mut graph = Graph::default();
    for (name, _) in parameters.architecture()?.tensors() {
        graph.constant(&name, parameters.get(&name)?);
    }
    let a_channel = |values: [f32; 3]| Tensor { shape: vec![1, INPUT_CHANNELS, 1, 1], data: values.into() };
    graph.constant(MEAN, &a_channel(metadata.input.mean));
    graph.constant(STD, &a_channel(metadata.input.std));
    graph.constant(TEMPERATURE, &Tensor { shape: Vec::new(), data: vec![metadata.temperature] });
    graph.network();
    Ok((graph.nodes, graph.constants))
}

#[derive(Default)]
struct Graph {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
}

impl Graph {
    fn network(&mut self) {
        let centred = self.node("normalise.centre", "Sub", &[INPUT, MEAN], Vec::new());
        let mut x = self.node("normalise", "Div", &[&centred, STD], Vec::new());
        let mut skips = Vec::with_capacity(LEVELS);
        for level in 0..LEVELS {
            let name = encoder_name(level);
            if level > 0 {
                let window = vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
                x = self.node(&format!("{name}.pool"), "MaxPool", &[&x], window);
            }
            x = self.block(&name, &x);
            skips.push(x.clone());
        }
        for level in (0..LEVELS - 1).rev() {
            let up = self.up(&up_name(level), &x);
            let gated = self.gate(&gate_name(level), &up, &skips[level]);
            let name = decoder_name(level);
            let joined = self.node(&format!("{name}.join"), "Concat", &[&gated, &up], vec![int("axis", 1)]);
            x = self.block(&name, &joined);
        }
        let logits = self.conv(HEAD, &x, 1);
        let softened = self.node("soften", "Div", &[&logits, TEMPERATURE], Vec::new());
        self.node(OUTPUT, "Sigmoid", &[&softened], Vec::new());
    }

    /// Twice: 3×3 convolution, batch norm, ReLU.
    fn block(&mut self, name: &str, input: &str) -> String {
        let mut x = input.to_owned();
        for index in [0, 3] {
            let convolved = self.conv(&format!("{name}.conv.{index}"), &x, 3);
            let normed = self.norm(&format!("{name}.conv.{}", index + 1), &convolved);
            x = self.node(&format!("{name}.conv.{}", index + 2), "Relu", &[&normed], Vec::new());
        }
        x
    }

    fn gate(&mut self, name: &str, up: &str, skip: &str) -> String {
        let part = |graph: &mut Self, part: &str, input: &str| {
            let convolved = graph.conv(&format!("{name}.{part}.0"), input, 1);
            graph.norm(&format!("{name}.{part}.1"), &convolved)
        };
        let (g, x) = (part(self, "W_g", up), part(self, "W_x", skip));
        let sum = self.node(&format!("{name}.sum"), "Add", &[&g, &x], Vec::new());
        let joined = self.node(&format!("{name}.relu"), "Relu", &[&sum], Vec::new());
        let psi = part(self, "psi", &joined);
        let attention = self.node(&format!("{name}.psi.2"), "Sigmoid", &[&psi], Vec::new());
        self.node(&format!("{name}.gated"), "Mul", &[skip, &attention], Vec::new())
    }

    fn conv(&mut self, name: &str, input: &str, side: i64) -> String {
        let pads = [side / 2; 4];
        let attributes = vec![ints("kernel_shape", &[side, side]), ints("pads", &pads)];
        self.node(name, "Conv", &[input, &format!("{name}.weight"), &format!("{name}.bias")], attributes)
    }

    fn up(&mut self, name: &str, input: &str) -> String {
        let attributes = vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
        self.node(name, "ConvTranspose", &[input, &format!("{name}.weight"), &format!("{name}.bias")], attributes)
    }

    fn norm(&mut self, name: &str, input: &str) -> String {
        let [weight, bias, mean, variance] =
            ["weight", "bias", "running_mean", "running_var"].map(|part| format!("{name}.{part}"));
        let epsilon = float("epsilon", BATCH_NORM_EPSILON as f32);
        self.node(name, "BatchNormalization", &[input, &weight, &bias, &mean, &variance], vec![epsilon])
    }

    /// Adds an operator; its output has its name.
    fn node(&mut self, name: &str, operator: &str, inputs: &[&str], attribute: Vec<AttributeProto>) -> String {
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![name.to_owned()],
            name: name.to_owned(),
            op_type: operator.to_owned(),
            attribute,
        });
        name.to_owned()
    }

    fn constant(&mut self, name: &str, tensor: &Tensor) {
        self.constants.push(TensorProto {
            dims: tensor.shape.iter().map(|&side| side as i64).collect(),
            data_type: FLOAT,
            name: name.to_owned(),
            raw_data: tensor.data.iter().flat_map(|value| value.to_le_bytes()).collect(),
        });
    }
}

fn attribute(name: &str, r#type: AttributeType) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: r#type.into(), ..AttributeProto::default() }
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { ints: values.to_vec(), ..attribute(name, AttributeType::Ints) }
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), ..attribute(name, AttributeType::Int) }
}

fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { f: Some(value), ..attribute(name, AttributeType::Float) }
}
