//! The network in plain f64, layer by layer, for tests: clear and slow.

use std::collections::BTreeMap;

use crate::net::architecture::{BATCH_NORM_EPSILON, HEAD, LEVELS, decoder_name, encoder_name, gate_name, up_name};

/// `[B, C, H, W]`.
#[derive(Clone)]
pub struct Planes {
    pub size: [usize; 4],
    pub data: Vec<f64>,
}

impl Planes {
    fn build(size: [usize; 4], value: impl Fn(usize, usize, usize, usize) -> f64) -> Self {
        let [b, c, h, w] = size;
        let mut data = Vec::with_capacity(b * c * h * w);
        for i in 0..b * c * h * w {
            data.push(value(i / (c * h * w), i / (h * w) % c, i / w % h, i % w));
        }
        Self { size, data }
    }

    fn at(&self, b: usize, c: usize, y: usize, x: usize) -> f64 {
        let [_, channels, height, width] = self.size;
        self.data[((b * channels + c) * height + y) * width + x]
    }
}

/// Parameters and running statistics by name.
pub struct Network {
    pub tensors: BTreeMap<String, Vec<f64>>,
    /// Whether batch norms use the statistics of the batch.
    pub training: bool,
}

impl Network {
    fn get(&self, name: &str, part: &str) -> &[f64] {
        &self.tensors[&format!("{name}.{part}")]
    }

    /// The logits, `[B, 1, H, W]`.
    pub fn forward(&self, input: &Planes) -> Planes {
        let mut skips: Vec<Planes> = Vec::new();
        for level in 0..LEVELS {
            let x = skips.last().map_or_else(|| input.clone(), pool);
            skips.push(self.block(&encoder_name(level), &x));
        }
        let mut x = skips.pop().unwrap();
        for level in (0..LEVELS - 1).rev() {
            let up = self.up(&up_name(level), &x);
            let gated = self.gate(&gate_name(level), &up, &skips[level]);
            x = self.block(&decoder_name(level), &concatenate(&gated, &up));
        }
        self.conv(HEAD, &x)
    }

    fn block(&self, name: &str, x: &Planes) -> Planes {
        let unit = |x: &Planes, i: usize| {
            let z = self.conv(&format!("{name}.conv.{i}"), x);
            relu(self.norm(&format!("{name}.conv.{}", i + 1), &z))
        };
        unit(&unit(x, 0), 3)
    }

    /// A 3×3 convolution with padding 1, or a 1×1 one, by the number of weights.
    fn conv(&self, name: &str, x: &Planes) -> Planes {
        let (weight, bias) = (self.get(name, "weight"), self.get(name, "bias"));
        let [b, channels, h, w] = x.size;
        let side = if weight.len() == bias.len() * channels { 1 } else { 3 };
        let pad = side / 2;
        let mut out = Planes::build([b, bias.len(), h, w], |_, o, _, _| bias[o]);
        for (row, out) in out.data.chunks_exact_mut(w).enumerate() {
            let (image, o, y) = (row / h / bias.len(), row / h % bias.len(), row % h);
            for (c, ky) in (0..channels).flat_map(|c| (0..side).map(move |ky| (c, ky))) {
                if (pad..h + pad).contains(&(y + ky)) {
                    let from = &x.data[((image * channels + c) * h + y + ky - pad) * w..][..w];
                    for kx in 0..side {
                        let tap = weight[((o * channels + c) * side + ky) * side + kx];
                        for at in pad.saturating_sub(kx)..w.min(w + pad - kx) {
                            out[at] += tap * from[at + kx - pad];
                        }
                    }
                }
            }
        }
        out
    }

    fn norm(&self, name: &str, z: &Planes) -> Planes {
        let (gain, shift) = (self.get(name, "weight"), self.get(name, "bias"));
        let [b, channels, h, w] = z.size;
        let count = (b * h * w) as f64;
        let statistics: Vec<(f64, f64)> = (0..channels)
            .map(|c| {
                if !self.training {
                    return (self.get(name, "running_mean")[c], self.get(name, "running_var")[c]);
                }
                let planes = || z.data.chunks_exact(h * w).skip(c).step_by(channels).flatten();
                let mean = planes().sum::<f64>() / count;
                (mean, planes().map(|v| (v - mean).powi(2)).sum::<f64>() / count)
            })
            .collect();
        Planes::build(z.size, |i, c, y, x| {
            let (mean, variance) = statistics[c];
            (z.at(i, c, y, x) - mean) / (variance + BATCH_NORM_EPSILON).sqrt() * gain[c] + shift[c]
        })
    }

    fn up(&self, name: &str, input: &Planes) -> Planes {
        let (weight, bias) = (self.get(name, "weight"), self.get(name, "bias"));
        let ([b, channels, h, w], outputs) = (input.size, bias.len());
        Planes::build([b, outputs, 2 * h, 2 * w], |i, o, y, x| {
            let tap = |c: usize| weight[((c * outputs + o) * 2 + y % 2) * 2 + x % 2];
            bias[o] + (0..channels).map(|c| tap(c) * input.at(i, c, y / 2, x / 2)).sum::<f64>()
        })
    }

    fn gate(&self, name: &str, up: &Planes, skip: &Planes) -> Planes {
        let part = |part: &str, x: &Planes| {
            let z = self.conv(&format!("{name}.{part}.0"), x);
            self.norm(&format!("{name}.{part}.1"), &z)
        };
        let (g, x) = (part("W_g", up), part("W_x", skip));
        let sum = Planes { size: g.size, data: g.data.iter().zip(&x.data).map(|(g, x)| g + x).collect() };
        let psi = part("psi", &relu(sum));
        Planes::build(skip.size, |i, c, y, x| skip.at(i, c, y, x) / (1.0 + (-psi.at(i, 0, y, x)).exp()))
    }
}

fn relu(mut x: Planes) -> Planes {
    x.data.iter_mut().for_each(|v| *v = v.max(0.0));
    x
}

fn pool(x: &Planes) -> Planes {
    let [b, c, h, w] = x.size;
    Planes::build([b, c, h / 2, w / 2], |i, c, y, column| {
        let at = |dy, dx| x.at(i, c, 2 * y + dy, 2 * column + dx);
        at(0, 0).max(at(0, 1)).max(at(1, 0)).max(at(1, 1))
    })
}

fn concatenate(a: &Planes, b: &Planes) -> Planes {
    let [n, channels, h, w] = a.size;
    Planes::build([n, channels + b.size[1], h, w], |i, c, y, x| {
        if c < channels { a.at(i, c, y, x) } else { b.at(i, c - channels, y, x) }
    })
}
