//! Surfaces to photograph: stones in cells, waves at random, brushed stripes.

use std::f64::consts::TAU;

use super::dice::Dice;

/// Linear light of every pixel before the camera, and its colour.
pub struct Surface {
    pub light: Vec<f64>,
    pub tint: [f64; 3],
}

impl Surface {
    pub fn draw(dice: &mut Dice, width: u32, height: u32) -> Self {
        let size = (width as usize, height as usize);
        let mut light = match dice.whole(0, 2) {
            0 => stones(dice, size),
            1 => cast(dice, size),
            _ => brushed(dice, size),
        };
        let grain = dice.between(0.02, 0.08);
        let coarse = dice.between(0.3, 0.8);
        let mut last = 0.0;
        let mut rows = vec![0.0; size.0];
        for (i, value) in light.iter_mut().enumerate() {
            // White noise, softened to the right and downwards.
            last = coarse * last + (1.0 - coarse) * dice.normal();
            let above = &mut rows[i % size.0];
            *above = coarse * *above + (1.0 - coarse) * last;
            *value *= (1.0 + grain * *above * (1.0 + coarse) / (1.0 - coarse)).max(0.1);
        }
        let warm = dice.between(-0.06, 0.1);
        Self { light, tint: [1.0 + warm, 1.0, 1.0 - 1.3 * warm] }
    }
}

/// Aggregate in a binder: each cell of a Worley pattern has its brightness, the gaps are a little darker.
fn stones(dice: &mut Dice, size: (usize, usize)) -> Vec<f64> {
    let (cell, base) = (dice.between(4.0, 13.0), dice.between(0.12, 0.4));
    let (spread, gap) = (dice.between(0.06, 0.2), dice.between(0.05, 0.25));
    let (columns, rows) = ((size.0 as f64 / cell) as usize + 3, (size.1 as f64 / cell) as usize + 3);
    let seeds: Vec<[f64; 3]> = (0..columns * rows)
        .map(|i| {
            let at = |k: usize, shift: f64| (k as f64 - 1.0 + shift) * cell;
            [at(i % columns, dice.unit()), at(i / columns, dice.unit()), dice.normal()]
        })
        .collect();
    let tone = waves(dice, size, 24, 1.2);
    (0..size.0 * size.1)
        .map(|i| {
            let (x, y) = ((i % size.0) as f64 + 0.5, (i / size.0) as f64 + 0.5);
            let (column, row) = ((x / cell) as usize + 1, (y / cell) as usize + 1);
            let (mut first, mut second, mut stone) = (f64::MAX, f64::MAX, 0.0);
            for r in row - 1..=(row + 1).min(rows - 1) {
                for seed in &seeds[r * columns..][column - 1..=(column + 1).min(columns - 1)] {
                    let away = (seed[0] - x).hypot(seed[1] - y);
                    if away < first {
                        (second, first, stone) = (first, away, seed[2]);
                    } else {
                        second = second.min(away);
                    }
                }
            }
            let binder = 1.0 - gap * (-(second - first) / 1.5).exp();
            base * (1.0 + spread * stone).clamp(0.4, 1.8) * binder * (1.0 + 0.05 * tone[i])
        })
        .collect()
}

/// Cast concrete: clouds with a 1/f spectrum, and pores.
fn cast(dice: &mut Dice, size: (usize, usize)) -> Vec<f64> {
    let (base, clouds) = (dice.between(0.25, 0.6), dice.between(0.04, 0.14));
    let mut light: Vec<f64> = waves(dice, size, 70, 1.0).iter().map(|w| base * (1.0 + clouds * w).max(0.3)).collect();
    let pores = (dice.between(0.0, 1.2e-4) * light.len() as f64) as usize;
    for _ in 0..pores {
        let (x, y) = (dice.between(0.0, size.0 as f64), dice.between(0.0, size.1 as f64));
        let (radius, dark) = (dice.between(0.7, 2.6), dice.between(0.3, 0.7));
        let rows = (y - 4.0).max(0.0) as usize..((y + 4.0) as usize).min(size.1);
        for (row, column) in
            rows.flat_map(|r| ((x - 4.0).max(0.0) as usize..((x + 4.0) as usize).min(size.0)).map(move |c| (r, c)))
        {
            let away = (column as f64 + 0.5 - x).hypot(row as f64 + 0.5 - y);
            light[row * size.0 + column] *= 1.0 - dark * (radius + 0.5 - away).clamp(0.0, 1.0);
        }
    }
    light
}

/// Render drawn with a brush or a trowel: stripes of random brightness that fade in and out.
fn brushed(dice: &mut Dice, size: (usize, usize)) -> Vec<f64> {
    let (base, depth) = (dice.between(0.25, 0.65), dice.between(0.04, 0.13));
    let (sine, cosine) = dice.between(0.0, TAU).sin_cos();
    let period = dice.between(2.5, 7.0);
    let stripes: Vec<f64> = (0..((size.0 + size.1) as f64 / period) as usize + 8).map(|_| dice.normal()).collect();
    let (fade, sway) = (waves(dice, size, 20, 0.8), waves(dice, size, 12, 1.5));
    let half = 0.5 * stripes.len() as f64;
    (0..size.0 * size.1)
        .map(|i| {
            let (x, y) = ((i % size.0) as f64 - 0.5 * size.0 as f64, (i / size.0) as f64 - 0.5 * size.1 as f64);
            let across = (x * cosine + y * sine + 2.0 * sway[i]) / period + half;
            let at = |k: f64| stripes[(k.max(0.0) as usize).min(stripes.len() - 1)];
            let share = across - across.floor();
            let stripe = at(across.floor()) * (1.0 - share) + at(across.floor() + 1.0) * share;
            base * (1.0 + depth * stripe * (0.6 + 0.4 * fade[i])).clamp(0.3, 1.7)
        })
        .collect()
}

/// Plane waves of random direction; amplitude falls with the frequency to the power `fall`; deviation 1.
fn waves(dice: &mut Dice, size: (usize, usize), count: usize, fall: f64) -> Vec<f64> {
    let mut sum = vec![0.0_f64; size.0 * size.1];
    let mut power = 0.0;
    for _ in 0..count {
        // Log-uniform from one wave in 500 px to one in 5.
        let frequency = 0.002 * 100.0_f64.powf(dice.unit());
        let amplitude = (frequency / 0.002).powf(-0.5 * fall);
        let (angle, phase) = (dice.between(0.0, TAU), dice.between(0.0, TAU));
        let (step_y, step_x) = (TAU * frequency * angle.sin(), TAU * frequency * angle.cos());
        power += 0.5 * amplitude * amplitude;
        let (turn_sine, turn_cosine) = step_x.sin_cos();
        for (y, row) in sum.chunks_exact_mut(size.0).enumerate() {
            let (mut sine, mut cosine) = (phase + step_y * y as f64).sin_cos();
            for value in row {
                *value += amplitude * cosine;
                (sine, cosine) = (sine * turn_cosine + cosine * turn_sine, cosine * turn_cosine - sine * turn_sine);
            }
        }
    }
    let scale = 1.0 / power.sqrt();
    sum.iter().map(|value| value * scale).collect()
}
