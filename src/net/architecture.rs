//! Names and shapes of the Attention U-Net's parameters, those of the PyTorch original.

/// Levels of the network, each with half the resolution of the one above.
pub const LEVELS: usize = 5;

/// Channels of the input image.
pub const INPUT_CHANNELS: usize = 3;

/// PyTorch's `eps` of batch norm.
pub const BATCH_NORM_EPSILON: f64 = 1e-5;

/// Sides of an input must be multiples of this.
pub const SIDE_MULTIPLE: usize = 1 << (LEVELS - 1);

/// The network at one base width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Architecture {
    /// Channels of the first level.
    pub base_width: usize,
}

impl Architecture {
    /// Channels of a level, counted from 0.
    pub fn channels(&self, level: usize) -> usize {
        self.base_width << level
    }

    /// Every parameter and running statistic with its shape, in the order of PyTorch's `state_dict`.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let mut list = Vec::new();
        for level in 0..LEVELS {
            let inputs = if level == 0 { INPUT_CHANNELS } else { self.channels(level - 1) };
            block(&mut list, &encoder_name(level), inputs, self.channels(level));
        }
        for level in (0..LEVELS - 1).rev() {
            let (below, here) = (self.channels(level + 1), self.channels(level));
            affine(&mut list, &up_name(level), vec![below, here, 2, 2], here);
            let gate = gate_name(level);
            for (part, inputs, outputs) in [("W_g", here, here / 2), ("W_x", here, here / 2), ("psi", here / 2, 1)] {
                affine(&mut list, &format!("{gate}.{part}.0"), vec![outputs, inputs, 1, 1], outputs);
                batch_norm(&mut list, &format!("{gate}.{part}.1"), outputs);
            }
            block(&mut list, &decoder_name(level), 2 * here, here);
        }
        affine(&mut list, HEAD, vec![1, self.base_width, 1, 1], 1);
        list
    }
}

/// Name of the last layer.
pub const HEAD: &str = "Conv_1x1";

/// `Conv1`..`Conv5`.
pub fn encoder_name(level: usize) -> String {
    format!("Conv{}", level + 1)
}

/// `Up2`..`Up5`: the transposed convolution into `level`.
pub fn up_name(level: usize) -> String {
    format!("Up{}", level + 2)
}

/// `Att2`..`Att5`: the attention gate at `level`.
pub fn gate_name(level: usize) -> String {
    format!("Att{}", level + 2)
}

/// `UpConv2`..`UpConv5`: the convolutions after the concatenation at `level`.
pub fn decoder_name(level: usize) -> String {
    format!("UpConv{}", level + 2)
}

fn affine(list: &mut Vec<(String, Vec<usize>)>, name: &str, weight: Vec<usize>, outputs: usize) {
    list.push((format!("{name}.weight"), weight));
    list.push((format!("{name}.bias"), vec![outputs]));
}

fn batch_norm(list: &mut Vec<(String, Vec<usize>)>, name: &str, channels: usize) {
    for part in ["weight", "bias", "running_mean", "running_var"] {
        list.push((format!("{name}.{part}"), vec![channels]));
    }
}

fn block(list: &mut Vec<(String, Vec<usize>)>, name: &str, inputs: usize, outputs: usize) {
    for (index, inputs) in [(0, inputs), (3, outputs)] {
        affine(list, &format!("{name}.conv.{index}"), vec![outputs, inputs, 3, 3], outputs);
        batch_norm(list, &format!("{name}.conv.{}", index + 1), outputs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_parameters_of_the_original() {
        let count = |base_width| -> usize {
            let tensors = Architecture { base_width }.tensors();
            let trained = tensors.iter().filter(|(name, _)| !name.contains("running"));
            trained.map(|(_, shape)| shape.iter().product::<usize>()).sum()
        };
        assert_eq!(count(64) / 10_000, 3139);
        assert_eq!(count(16) / 10_000, 196);
    }
}
