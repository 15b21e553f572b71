use super::*;

fn mask(rows: [&str; 5]) -> BinaryMask {
    let pixels = rows.iter().flat_map(|row| row.chars().map(|c| c == '#')).collect();
    BinaryMask { width: 9, height: 5, pixels }
}

const LABEL: [&str; 5] = [".........", ".........", "..#####..", ".........", "........."];

#[test]
fn scores_of_a_known_case() {
    let label = mask(LABEL);
    let predicted = mask([".........", ".........", "...####..", "...#.....", "........."]);
    let scores = ConfusionCounts::of(&predicted, &label).scores();
    assert_eq!((scores.precision, scores.recall), (4.0 / 5.0, 4.0 / 5.0));
    assert_eq!((scores.f1, scores.iou), (8.0 / 10.0, 4.0 / 6.0));
}

#[test]
fn tolerance_forgives_a_shift_up_to_its_distance() {
    let label = mask(LABEL);
    let shifted = mask(["..#####..", ".........", ".........", ".........", "........."]);
    assert_eq!(MatchCounts::tolerant(&shifted, &label, 2).f1(), 1.0);
    assert_eq!(MatchCounts::tolerant(&shifted, &label, 1).f1(), 0.0);
    let diagonal = mask([".#.......", ".........", ".........", ".........", "........."]);
    assert_eq!(MatchCounts::tolerant(&diagonal, &label, 2).precision(), 0.0, "√5 is more than 2");
    assert_eq!(MatchCounts::tolerant(&diagonal, &label, 3).precision(), 1.0);
}

#[test]
fn nothing_to_find_and_nothing_found_is_right() {
    let empty = mask(["........."; 5]);
    let scores = ConfusionCounts::of(&empty, &empty).scores();
    assert_eq!((scores.f1, scores.iou), (1.0, 1.0));
    let alarm = ConfusionCounts::of(&mask(LABEL), &empty);
    assert_eq!((alarm.scores().f1, alarm.false_positive), (0.0, 5));
}

#[test]
fn centre_lines_of_a_known_case() {
    // The label's skeleton is its line of five pixels; the prediction covers four of them, and ends in a tail of two.
    let predicted = mask([".........", ".........", "...####..", ".......#.", "........#"]);
    let counts = MatchCounts::centre_lines(&predicted, &mask(LABEL));
    assert_eq!((counts.precision(), counts.recall()), (4.0 / 6.0, 4.0 / 5.0));
    assert!((counts.f1() - 2.0 * (4.0 / 6.0) * 0.8 / (4.0 / 6.0 + 0.8)).abs() < 1e-12);
    // Twice as wide is half as precise by pixels, but has the same centre line.
    let wide = mask([".........", "..#####..", "..#####..", "..#####..", "........."]);
    assert_eq!(ConfusionCounts::of(&wide, &mask(LABEL)).scores().precision, 5.0 / 15.0);
    assert_eq!(MatchCounts::centre_lines(&wide, &mask(LABEL)).f1(), 1.0);
    let empty = mask(["........."; 5]);
    assert_eq!(MatchCounts::centre_lines(&empty, &empty).f1(), 1.0);
    assert_eq!(MatchCounts::centre_lines(&empty, &mask(LABEL)).f1(), 0.0);
}

/// Scores as if of photographs with `found` of 100 labelled pixels each.
fn scores(stems: &[&str], found: &[u64]) -> SetScores {
    let photo = |&true_positive: &u64| {
        let pixels = ConfusionCounts {
            true_positive,
            false_negative: 100 - true_positive,
            true_negative: 900,
            false_positive: 0,
        };
        Totals { photos: 1, dice: pixels.scores().f1, pixels, ..Totals::default() }
    };
    SetScores {
        model: "m".into(),
        model_sha256: "0".into(),
        threshold: 0.5,
        tolerance: 2,
        stems: stems.iter().map(|stem| (*stem).to_owned()).collect(),
        photos: found.iter().map(photo).collect(),
        levels: LevelHistogram::default(),
    }
}

#[test]
fn figures_pool_pixels_and_average_photographs() {
    let report = Report::new(&scores(&["a1", "a2"], &[100, 0]));
    assert_eq!((report.micro.recall, report.micro.iou, report.mean_dice), (0.5, 0.5, 0.5));
    assert!((report.micro.f1 - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!((report.images, report.series, report.resampled), (2, 2, "series"));
    assert_eq!(report.per_image[1].label_pixels, 100);
}

#[test]
fn intervals_resample_series() {
    // Ten series of ten photographs, alike within each: as uncertain as ten photographs, not as a hundred.
    let stems: Vec<String> = (0..100).map(|index| format!("wall{}-{}", index / 10, index % 10)).collect();
    let names: Vec<&str> = stems.iter().map(String::as_str).collect();
    let found: Vec<u64> = (0..100).map(|index| 30 + 5 * (index / 10)).collect();
    let width = |scores: &SetScores| {
        let report = Report::new(scores);
        let [low, high] = report.intervals["f1"];
        assert!(low < report.micro.f1 && report.micro.f1 < high);
        (report.series, high - low)
    };
    let (series, by_series) = width(&scores(&names, &found));
    let singles: Vec<String> = (0..100).map(|index| format!("wall{index}")).collect();
    let names: Vec<&str> = singles.iter().map(String::as_str).collect();
    let (photographs, by_photograph) = width(&scores(&names, &found));
    assert_eq!((series, photographs), (10, 100));
    assert!((2.5..4.0).contains(&(by_series / by_photograph)), "√10 is expected: {by_series} {by_photograph}");
}

#[test]
fn a_comparison_pairs_the_photographs() {
    let stems: Vec<String> = (0..30).map(|index| format!("p{index}")).collect();
    let names: Vec<&str> = stems.iter().map(String::as_str).collect();
    let found: Vec<u64> = (0..30).map(|index| 20 + 2 * index).collect();
    let first = scores(&names, &found);
    let same = Comparison::new(&first, &first);
    assert_eq!((same.f1_difference, same.f1_difference_interval, same.p_value), (0.0, Some([0.0, 0.0]), 1.0));
    // One pixel less in every photograph is little beside their spread, and yet certain.
    let less: Vec<u64> = found.iter().map(|found| found - 1).collect();
    let lower = Comparison::new(&first, &scores(&names, &less));
    let [low, high] = lower.f1_difference_interval.unwrap();
    assert!(low > 0.0 && low <= lower.f1_difference && lower.f1_difference <= high && high < 0.02, "{low} {high}");
    assert!(lower.p_value < 0.001, "{}", lower.p_value);
    // Better in one half and worse in the other says nothing.
    let mixed: Vec<u64> =
        found.iter().enumerate().map(|(i, found)| if i % 2 == 0 { found - 5 } else { found + 5 }).collect();
    let unsure = Comparison::new(&first, &scores(&names, &mixed));
    assert!(unsure.p_value > 0.5, "{}", unsure.p_value);
}

#[test]
fn a_data_folder_is_read_strictly() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs_err::create_dir_all(path("images")).unwrap();
    fs_err::create_dir_all(path("masks")).unwrap();
    for i in 0..40 {
        image::RgbImage::new(8, 8).save(path(&format!("images/p{i}.png"))).unwrap();
    }
    let dataset = Dataset::open(folder.path()).unwrap();
    let (train, val) = (dataset.split(Some("train")).unwrap(), dataset.split(Some("val")).unwrap());
    assert_eq!((train.len() + val.len(), dataset.split(None).unwrap().len()), (40, 40));
    assert!((1..=10).contains(&val.len()), "{}", val.len());
    assert!(matches!(dataset.split(Some("test")), Err(DatasetError::UnknownSplit { .. })));
    assert!(matches!(dataset.load("p1"), Err(DatasetError::MissingMask(_))));
    image::GrayImage::new(8, 9).save(path("masks/p1.png")).unwrap();
    assert!(matches!(dataset.load("p1"), Err(DatasetError::SizeDiffers { .. })));
    image::GrayImage::new(8, 8).save(path("masks/p1.png")).unwrap();
    assert_eq!(dataset.load("p1").unwrap().1.count(), 0);
    fs_err::write(path("test.txt"), "p1\nnobody\n").unwrap();
    assert!(matches!(Dataset::open(folder.path()), Err(DatasetError::MissingPhoto { .. })));
}
