//! Exported files are read by what people read them with: ezdxf, GDAL, GeoJSON validators, Python's csv.
//!
//! `HAIRLINE_PYTHON` names an interpreter with the packages of `tests/requirements.txt`.

use std::f64::consts::TAU;
use std::process::Command;

use hairline::measure::{Branch, CentrePoint, CrackKind, CrackMeasurement, CrackSurvey, Estimate, Scale, ScaleSource};
use hairline::report::geojson::CameraPosition;
use hairline::report::{SurveyView, Verdict, csv, dxf, geojson};
use serde_json::Value;

const SCALE: Scale = Scale { mm_per_px: 0.2, relative_error: 0.03, source: ScaleSource::Given };
/// How far simplified lines may be off.
const TOLERANCE_PX: f64 = 0.25;

/// A wave whose width swells and a ring with a tail, points a pixel apart.
fn survey() -> CrackSurvey {
    let wave = |i: u32| {
        let x = f64::from(i);
        CentrePoint { x: 50.5 + x, y: 200.5 + 30.0 * (x / 60.0).sin(), width_px: 5.0 + 3.0 * (x / 90.0).cos() }
    };
    let ring = |i: u32| {
        let angle = TAU * f64::from(i) / 314.0;
        CentrePoint { x: 600.5 + 50.0 * angle.cos(), y: 450.5 + 50.0 * angle.sin(), width_px: 3.5 }
    };
    let tail = |i: u32| CentrePoint { x: 650.5 + f64::from(i), y: 450.5, width_px: 3.5 - f64::from(i) / 40.0 };
    let wave = branch((0..=500).map(wave));
    let cracks = vec![
        crack(1, CrackKind::Longitudinal, vec![wave], Vec::new()),
        crack(2, CrackKind::Map, vec![branch((0..=314).map(ring)), branch((0..=80).map(tail))], vec![[650.5, 450.5]]),
    ];
    CrackSurvey { photo_width_px: 800, photo_height_px: 600, threshold: 0.4, cracks, specks: 2 }
}

fn branch(points: impl Iterator<Item = CentrePoint>) -> Branch {
    Branch { points: points.collect() }
}

fn crack(number: u32, kind: CrackKind, branches: Vec<Branch>, junctions: Vec<[f64; 2]>) -> CrackMeasurement {
    let widths: Vec<f64> = branches.iter().flat_map(|branch| &branch.points).map(|point| point.width_px).collect();
    let mean = widths.iter().sum::<f64>() / widths.len() as f64;
    let length: f64 = branches.iter().map(length).sum();
    CrackMeasurement {
        number,
        kind,
        orientation_deg: 7.25,
        length_px: Estimate::around(length, 2.0),
        width_mean_px: Estimate::around(mean, 0.3),
        width_median_px: Estimate::around(mean, 0.3),
        width_p95_px: Estimate::around(1.4 * mean, 0.3),
        width_max_px: Estimate::around(widths.iter().copied().fold(0.0, f64::max), 0.5),
        width_max_at: [branches[0].points[0].x, branches[0].points[0].y],
        area_px2: mean * length,
        branches,
        junctions,
    }
}

fn length(branch: &Branch) -> f64 {
    branch.points.windows(2).map(|pair| (pair[1].x - pair[0].x).hypot(pair[1].y - pair[0].y)).sum()
}

/// What `reader` of `read_exports.py` says of a file with this content.
fn read(reader: &str, content: &[u8]) -> Result<Value, String> {
    let python = std::env::var_os("HAIRLINE_PYTHON").expect("HAIRLINE_PYTHON is set; tests/run does it");
    let folder = tempfile::tempdir().unwrap();
    let ending = if content.starts_with(b"{") {
        "geojson"
    } else if reader == "gdal" {
        "dxf"
    } else {
        reader
    };
    let path = folder.path().join(format!("cracks.{ending}"));
    fs_err::write(&path, content).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/read_exports.py");
    let output = Command::new(python).arg(script).arg(reader).arg(&path).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap())
}

fn drawing(scale: Option<&Scale>) -> Vec<u8> {
    let mut out = Vec::new();
    dxf::write(&mut out, &survey(), scale).unwrap();
    out
}

fn map(scale: Option<&Scale>, camera: Option<CameraPosition>) -> Vec<u8> {
    let mut out = Vec::new();
    let photo = SurveyView::new(&survey(), scale, |_| Verdict::default());
    geojson::write(&mut out, "Brücke 3.jpg", &photo, camera).unwrap();
    out
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
#[ignore = "needs Python with the packages of tests/requirements.txt"]
fn ezdxf_finds_a_drawing_without_errors() {
    for (scale, unit_per_px, units) in [(Some(&SCALE), 0.2, 4), (None, 1.0, 0)] {
        let found = read("dxf", &drawing(scale)).unwrap();
        assert_eq!(found["problems"], serde_json::json!([]));
        assert_eq!(found["others"], serde_json::json!([]));
        assert_eq!((&found["version"], &found["units"]), (&"AC1015".into(), &units.into()));
        assert_eq!(strings(&found["numbers"]), ["1", "2"]);
        assert_eq!(strings(&found["number_layers"]), [dxf::NUMBER_LAYER]);
        let layers = strings(&found["layers"]);
        for layer in [dxf::OUTLINE_LAYER, dxf::NUMBER_LAYER, dxf::JUNCTION_LAYER] {
            assert!(layers.contains(&layer), "{layer} is not in {layers:?}");
        }
        for (at, expected) in numbers(&found["junctions"][0]).iter().zip([650.5, 149.5, 0.0]) {
            assert!((at - expected * unit_per_px).abs() < 1e-6, "{}", found["junctions"]);
        }
        assert_polylines(&found["polylines"], unit_per_px);
    }
}

/// The outline and a polyline for each branch, as long and as wide as that.
fn assert_polylines(polylines: &Value, unit_per_px: f64) {
    let polylines = polylines.as_array().unwrap();
    assert_eq!((&polylines[0]["layer"], &polylines[0]["closed"]), (&dxf::OUTLINE_LAYER.into(), &true.into()));
    assert_eq!(numbers(&polylines[0]["points"][2])[..2], [800.0 * unit_per_px, 600.0 * unit_per_px]);
    let survey = survey();
    let branches: Vec<_> = survey.cracks.iter().flat_map(|c| c.branches.iter().map(|b| (c.kind, b))).collect();
    assert_eq!(polylines.len(), branches.len() + 1);
    for ((kind, branch), polyline) in branches.into_iter().zip(&polylines[1..]) {
        assert_eq!((&polyline["layer"], &polyline["closed"]), (&dxf::layer(kind).into(), &false.into()));
        let drawn = polyline["length"].as_f64().unwrap() / unit_per_px;
        assert!((drawn / length(branch) - 1.0).abs() < 0.005, "{drawn} px drawn of {} px", length(branch));
        let vertices: Vec<_> = polyline["points"].as_array().unwrap().iter().map(numbers).collect();
        for pair in vertices.windows(2) {
            assert_eq!(pair[0][3], pair[1][2], "a piece ends as wide as the next begins");
        }
        for point in &branch.points {
            let width = drawn_width(&vertices, point.x * unit_per_px, (600.0 - point.y) * unit_per_px);
            let error_px = (width / unit_per_px - point.width_px).abs();
            // Looked up at the nearest place of the drawn line, which itself may lie a tolerance along.
            assert!(error_px < TOLERANCE_PX + 0.05, "{error_px} px at {point:?}");
        }
    }
}

/// Width of the drawn line where it passes nearest to a point.
fn drawn_width(vertices: &[Vec<f64>], x: f64, y: f64) -> f64 {
    let pieces = vertices.windows(2).map(|pair| {
        let (dx, dy) = (pair[1][0] - pair[0][0], pair[1][1] - pair[0][1]);
        let along = (((x - pair[0][0]) * dx + (y - pair[0][1]) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
        let distance = (x - pair[0][0] - along * dx).hypot(y - pair[0][1] - along * dy);
        (distance, pair[0][2] + along * (pair[0][3] - pair[0][2]))
    });
    pieces.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap().1
}

#[test]
#[ignore = "needs Python with the packages of tests/requirements.txt"]
fn gdal_reads_the_drawing_with_its_layers() {
    let found = read("gdal", &drawing(Some(&SCALE))).unwrap();
    let mut layers = strings(&found["names"]);
    layers.sort_unstable();
    let expected =
        ["CRACK_JUNCTIONS", "CRACK_LONGITUDINAL", "CRACK_MAP", "CRACK_MAP", "CRACK_NUMBERS", "CRACK_NUMBERS"];
    assert_eq!(layers[..6], expected);
    assert_eq!(layers[6..], [dxf::OUTLINE_LAYER]);
    assert_eq!(numbers(&found["bounds"]), [0.0, 0.0, 160.0, 120.0]);
}

#[test]
#[ignore = "needs Python with the packages of tests/requirements.txt"]
fn validators_accept_every_placement() {
    let camera = CameraPosition::new(-33.8568, 151.2153, Some(312.5)).unwrap();
    for (scale, camera) in [(None, None), (Some(&SCALE), None), (None, Some(camera)), (Some(&SCALE), Some(camera))] {
        let found = read("geojson", &map(scale, camera)).unwrap();
        assert_eq!(found["problems"], serde_json::json!([]));
    }
}

#[test]
#[ignore = "needs Python with the packages of tests/requirements.txt"]
fn gdal_puts_the_cracks_where_the_camera_was() {
    let camera = CameraPosition::new(-33.8568, 151.2153, Some(312.5)).unwrap();
    let found = read("gdal", &map(Some(&SCALE), Some(camera))).unwrap();
    assert_eq!((&found["crs"], &found["geometry"]), (&"EPSG:4326".into(), &"MultiLineString".into()));
    assert_eq!(strings(&found["names"]), ["1", "2"]);
    for field in ["file", "kind", "length_mm", "width_max_mm", "resolved"] {
        assert!(strings(&found["fields"]).contains(&field), "{field} is not in {}", found["fields"]);
    }
    let bounds = numbers(&found["bounds"]);
    // The photograph is 160 × 120 mm; its half diagonal of 0.1 m is 1.1e-6 degrees.
    for (bound, camera) in bounds.iter().zip([151.2153, -33.8568, 151.2153, -33.8568]) {
        assert!((bound - camera).abs() < 1.2e-6, "{bounds:?}");
    }
    assert!(bounds[2] - bounds[0] > 5e-7 && bounds[3] - bounds[1] > 5e-7, "{bounds:?}");
}

#[test]
#[ignore = "needs Python with the packages of tests/requirements.txt"]
fn python_reads_the_table_back() {
    let mut out = Vec::new();
    csv::write_header(&mut out).unwrap();
    for (file, scale) in [("a \"b\", c\r\nd.jpg", None), ("=1+1.jpg", Some(&SCALE))] {
        let photo = SurveyView::new(&survey(), scale, |_| Verdict::default());
        csv::write_rows(&mut out, file, &photo).unwrap();
    }
    let found = read("csv", &out).unwrap();
    let rows = found["rows"].as_array().unwrap();
    let files: Vec<_> = rows.iter().map(|row| row["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["a \"b\", c\r\nd.jpg", "a \"b\", c\r\nd.jpg", "'=1+1.jpg", "'=1+1.jpg"]);
    for (row, crack) in rows.iter().zip([0, 1, 0, 1]) {
        let crack = &survey().cracks[crack];
        let cell = |name: &str| row[name].as_str().unwrap();
        let number = |name: &str| cell(name).parse::<f64>().unwrap();
        assert!((number("length_px") - crack.length_px.value).abs() <= 0.005);
        if cell("mm_per_px").is_empty() {
            assert_eq!(cell("length_mm"), "");
        } else {
            assert!((number("width_mean_mm") - 0.2 * crack.width_mean_px.value).abs() <= 0.0005);
        }
        assert!(row.get("null").is_none(), "no cell lies beyond the header");
    }
}

#[test]
#[ignore = "needs Python with the packages of tests/requirements.txt"]
fn a_photograph_without_cracks_gives_whole_files() {
    let empty = CrackSurvey { cracks: Vec::new(), ..survey() };
    let (mut drawing, mut map) = (Vec::new(), Vec::new());
    dxf::write(&mut drawing, &empty, Some(&SCALE)).unwrap();
    geojson::write(&mut map, "a.jpg", &SurveyView::new(&empty, None, |_| Verdict::default()), None).unwrap();
    let found = read("dxf", &drawing).unwrap();
    assert_eq!((&found["problems"], found["polylines"].as_array().unwrap().len()), (&serde_json::json!([]), 1));
    assert_eq!(read("geojson", &map).unwrap()["problems"], serde_json::json!([]));
}

#[test]
#[ignore = "needs Python with the packages of tests/requirements.txt"]
fn damaged_files_are_noticed() {
    let whole = String::from_utf8(drawing(Some(&SCALE))).unwrap();
    let nowhere = whole.replacen("  7\r\nStandard", "  7\r\nNowhere", 1);
    assert_ne!(read("dxf", nowhere.as_bytes()).unwrap()["problems"], serde_json::json!([]));
    assert!(read("dxf", &whole.as_bytes()[..whole.len() / 2]).is_err());
    let flat = String::from_utf8(map(None, None)).unwrap().replace("MultiLineString", "LineString");
    assert_ne!(read("geojson", flat.as_bytes()).unwrap()["problems"], serde_json::json!([]));
}
