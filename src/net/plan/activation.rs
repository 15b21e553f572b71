//! Batches of blocked images, and the memory that they are taken from and given back to.

use hairline_kernel::layout::{Image, Shape, to_planar};

/// A batch of images in the kernels' blocked layout.
#[derive(Debug)]
pub struct Activation {
    /// Images.
    pub batch: usize,
    /// Channels that are not padding.
    pub channels: usize,
    /// Size of each image.
    pub shape: Shape,
    memory: Vec<f32>,
}

impl Activation {
    /// All images, one after the other.
    pub fn data(&self) -> &[f32] {
        &self.memory[..self.batch * self.shape.image_len()]
    }

    /// All images, one after the other, to write to.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.memory[..self.batch * self.shape.image_len()]
    }

    /// One image of the batch.
    pub fn image(&self, index: usize) -> Image<'_> {
        let len = self.shape.image_len();
        Image::new(self.shape, &self.data()[index * len..][..len])
    }

    /// The values as `[B, C, H, W]`.
    pub fn to_planar(&self) -> Vec<f32> {
        let len = self.channels * self.shape.height * self.shape.width;
        let mut planar = vec![0.0; self.batch * len];
        for (index, out) in planar.chunks_exact_mut(len.max(1)).enumerate() {
            to_planar(self.image(index), self.channels, out);
        }
        planar
    }
}

/// Memory for the activations of one call at a time; it grows to what the largest call needs and is used again.
#[derive(Debug, Default)]
pub struct Workspace {
    free: Vec<Vec<f32>>,
}

impl Workspace {
    /// An empty workspace.
    pub fn new() -> Self {
        Self::default()
    }

    /// Floats that wait to be used again.
    pub fn len(&self) -> usize {
        self.free.iter().map(Vec::len).sum()
    }

    /// Whether nothing was ever given back.
    pub fn is_empty(&self) -> bool {
        self.free.is_empty()
    }

    /// An activation that may hold anything.
    pub(crate) fn take(&mut self, batch: usize, channels: usize, height: usize, width: usize) -> Activation {
        let shape = Shape::new(channels, height, width);
        let memory = self.take_floats(batch * shape.image_len());
        Activation { batch, channels, shape, memory }
    }

    /// At least `len` floats that may hold anything, in the smallest memory that is large enough.
    pub(crate) fn take_floats(&mut self, len: usize) -> Vec<f32> {
        let fitting = (0..self.free.len()).filter(|&i| self.free[i].len() >= len);
        let best = fitting.min_by_key(|&i| self.free[i].len());
        let Some(index) = best else {
            return vec![0.0; len];
        };
        self.free.swap_remove(index)
    }

    /// Gives floats back.
    pub(crate) fn give_floats(&mut self, memory: Vec<f32>) {
        self.free.push(memory);
    }

    /// Gives memory back.
    pub(crate) fn give(&mut self, activation: Activation) {
        self.free.push(activation.memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again() {
        let mut workspace = Workspace::new();
        let (small, large) = (workspace.take(1, 16, 2, 2), workspace.take(2, 16, 8, 8));
        workspace.give(small);
        workspace.give(large);
        let total = workspace.len();
        let small = workspace.take(1, 8, 2, 2);
        assert_eq!(small.memory.len(), 2 * 4 * 16);
        workspace.give(small);
        assert_eq!(workspace.len(), total);
    }
}
