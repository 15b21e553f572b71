//! What is true of a drawn photograph, in the form that is written beside it.

use serde::Serialize;

use super::{CrackTruth, CrackVertex, Junction, SyntheticPhoto};

/// Junctions closer than this are one, in pixels.
const SAME_POINT_PX: f64 = 1.0;

/// The file `truth/<stem>.json`; the names of its fields are stable.
///
/// Coordinates are continuous: the middle of the first pixel is at (0.5, 0.5), x to the right, y down.
/// Figures are rounded to a thousandth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TruthFile {
    /// Seed of the scene; with the same options it gives the same photograph.
    pub seed: u64,
    /// `concrete`, `asphalt`, `brick` or `render`.
    pub surface: super::Surface,
    /// Width of the photograph in pixels.
    pub photo_width_px: u32,
    /// Height of the photograph in pixels.
    pub photo_height_px: u32,
    /// Every crack, a branch counting as a crack of its own; none on an intact surface.
    pub cracks: Vec<TruthCrack>,
    /// Where cracks meet within the photograph, each point once.
    pub junctions: Vec<TruthJunction>,
}

/// One crack.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TruthCrack {
    /// Index in `cracks` of the crack that this one branches from; null for a root.
    pub parent: Option<usize>,
    /// Length of the centre line within the photograph in pixels.
    pub length_px: f64,
    /// Mean width along that length in pixels; null if nothing of it lies within the photograph.
    pub mean_width_px: Option<f64>,
    /// Width integrated along that length, in square pixels; where cracks meet, both count.
    pub area_px2: f64,
    /// Points about one pixel apart; the ends may lie up to 24 px outside the photograph.
    pub centre_line: Vec<TruthPoint>,
}

/// One point of a centre line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TruthPoint {
    /// Column in pixels.
    pub x: f64,
    /// Row in pixels.
    pub y: f64,
    /// Distance between the lips in pixels, across the centre line.
    pub width_px: f64,
    /// Distance to the lip on the left of the direction of travel, in pixels.
    pub left_px: f64,
    /// Distance to the lip on the right of the direction of travel, in pixels.
    pub right_px: f64,
}

/// A point where cracks meet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TruthJunction {
    /// Column in pixels.
    pub x: f64,
    /// Row in pixels.
    pub y: f64,
    /// Indices in `cracks` of those that meet, ascending.
    pub cracks: Vec<usize>,
}

impl TruthFile {
    /// The truth of a photograph that was rendered from `seed`.
    pub fn new(seed: u64, photo: &SyntheticPhoto) -> Self {
        let (width, height) = photo.mask.dimensions();
        Self {
            seed,
            surface: photo.surface,
            photo_width_px: width,
            photo_height_px: height,
            cracks: photo.cracks.iter().map(|crack| TruthCrack::new(crack, width, height)).collect(),
            junctions: junctions(&photo.cracks, width, height),
        }
    }
}

impl TruthCrack {
    fn new(crack: &CrackTruth, width: u32, height: u32) -> Self {
        let (length, area) = (crack.length_px(width, height), crack.area_px(width, height));
        Self {
            parent: crack.parent.map(|junction| junction.crack),
            length_px: rounded(length),
            mean_width_px: (length > 0.0).then(|| rounded(area / length)),
            area_px2: rounded(area),
            centre_line: crack.vertices.iter().map(TruthPoint::new).collect(),
        }
    }
}

impl TruthPoint {
    fn new(vertex: &CrackVertex) -> Self {
        Self {
            x: rounded(vertex.x),
            y: rounded(vertex.y),
            width_px: rounded(vertex.width_px()),
            left_px: rounded(vertex.left_px),
            right_px: rounded(vertex.right_px),
        }
    }
}

/// Every meeting point within the picture, on the centre line of the crack that was there first.
fn junctions(cracks: &[CrackTruth], width: u32, height: u32) -> Vec<TruthJunction> {
    let mut found: Vec<TruthJunction> = Vec::new();
    let ends = cracks.iter().enumerate().flat_map(|(own, crack)| [(own, crack.parent), (own, crack.end)]);
    for (own, junction) in ends {
        let Some(Junction { crack, vertex }) = junction else { continue };
        let CrackVertex { x, y, .. } = cracks[crack].vertices[vertex];
        if x < 0.0 || y < 0.0 || x > width as f32 || y > height as f32 {
            continue;
        }
        let (x, y) = (rounded(x), rounded(y));
        let known = found.iter().position(|j| (j.x - x).powi(2) + (j.y - y).powi(2) <= SAME_POINT_PX * SAME_POINT_PX);
        let index = known.unwrap_or_else(|| {
            found.push(TruthJunction { x, y, cracks: Vec::new() });
            found.len() - 1
        });
        found[index].cracks.extend([own, crack]);
    }
    for junction in &mut found {
        junction.cracks.sort_unstable();
        junction.cracks.dedup();
    }
    found
}

fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::{SceneParams, Surface, render};

    /// Photographs with branching cracks, wide enough for a pixel mask to hold their area.
    fn scenes() -> impl Iterator<Item = (TruthFile, SyntheticPhoto)> {
        let numbered = Surface::ALL.into_iter().flat_map(|surface| (0..8).map(move |seed| (surface, seed)));
        numbered.map(|(surface, seed)| {
            let params = SceneParams {
                surface: Some(surface),
                cracks: Some(2..=3),
                crack_width_px: Some(3.0..=8.0),
                ..SceneParams::new(seed, 420, 320)
            };
            let photo = render(&params);
            (TruthFile::new(seed, &photo), photo)
        })
    }

    #[test]
    fn areas_agree_with_the_mask() {
        for (truth, photo) in scenes() {
            let pixels = photo.mask.as_raw().iter().filter(|&&v| v == 255).count() as f64;
            let area: f64 = truth.cracks.iter().map(|crack| crack.area_px2).sum();
            let shared = 0.02 * (truth.cracks.len() as f64 - 1.0);
            assert!((area - pixels).abs() < pixels * (0.04 + shared), "{}: {area} for {pixels}", truth.seed);
        }
    }

    #[test]
    fn wide_enough_points_lie_inside_the_mask() {
        let (mut inside, mut all) = (0_usize, 0_usize);
        for (truth, photo) in scenes() {
            for point in truth.cracks.iter().flat_map(|crack| &crack.centre_line) {
                let within = point.x >= 0.0 && point.y >= 0.0 && point.x < 420.0 && point.y < 320.0;
                if within && point.left_px.min(point.right_px) >= 1.0 {
                    all += 1;
                    inside += usize::from(photo.mask.get_pixel(point.x as u32, point.y as u32).0 == [255]);
                }
                assert!((point.left_px + point.right_px - point.width_px).abs() < 0.002);
            }
        }
        assert!(all > 10_000 && inside as f64 > 0.995 * all as f64, "{inside} of {all}");
    }

    #[test]
    fn junctions_lie_on_every_crack_they_name_and_occur_once() {
        let mut count = 0;
        for (truth, _) in scenes() {
            for (i, junction) in truth.junctions.iter().enumerate() {
                assert!(junction.cracks.len() >= 2 && junction.cracks.is_sorted());
                for &crack in &junction.cracks {
                    let reach = |p: &TruthPoint| (p.x - junction.x).hypot(p.y - junction.y) - 0.5 * p.width_px;
                    let nearest = truth.cracks[crack].centre_line.iter().map(reach).fold(f64::MAX, f64::min);
                    assert!(nearest < 1.5, "{nearest} px from crack {crack}");
                }
                let twin = |other: &TruthJunction| (other.x - junction.x).hypot(other.y - junction.y) <= 1.0;
                assert!(!truth.junctions[..i].iter().any(twin));
                count += 1;
            }
            for (own, crack) in truth.cracks.iter().enumerate() {
                assert!(crack.parent.is_none_or(|parent| parent < own));
            }
        }
        assert!(count > 20, "{count}");
    }

    #[test]
    fn names_of_the_fields_are_stable() {
        let (truth, _) = scenes().find(|(truth, _)| !truth.junctions.is_empty()).unwrap();
        let value = serde_json::to_value(&truth).unwrap();
        let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        let sorted = |names: &str| {
            let mut names: Vec<&str> = names.split(' ').collect();
            names.sort_unstable();
            names.join(" ")
        };
        for (value, expected) in [
            (&value, "seed surface photo_width_px photo_height_px cracks junctions"),
            (&value["cracks"][0], "parent length_px mean_width_px area_px2 centre_line"),
            (&value["cracks"][0]["centre_line"][0], "x y width_px left_px right_px"),
            (&value["junctions"][0], "x y cracks"),
        ] {
            assert_eq!(sorted(&keys(value)), sorted(expected));
        }
    }
}
