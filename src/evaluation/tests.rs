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
    assert_eq!(TolerantCounts::of(&shifted, &label, 2).f1(), 1.0);
    assert_eq!(TolerantCounts::of(&shifted, &label, 1).f1(), 0.0);
    let diagonal = mask([".#.......", ".........", ".........", ".........", "........."]);
    assert_eq!(TolerantCounts::of(&diagonal, &label, 2).precision(), 0.0, "√5 is more than 2");
    assert_eq!(TolerantCounts::of(&diagonal, &label, 3).precision(), 1.0);
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
fn the_interval_holds_the_score_and_narrows_with_more_photographs() {
    let counts = |n: usize| -> Vec<ConfusionCounts> {
        (0..n as u64)
            .map(|i| ConfusionCounts {
                true_positive: 50 + i * 7 % 40,
                false_positive: i * 3 % 20,
                false_negative: i * 5 % 30,
                true_negative: 900,
            })
            .collect()
    };
    let f1 = |c: &ConfusionCounts| c.scores().f1;
    let width = |n| {
        let counts = counts(n);
        let [low, high] = bootstrap::interval(&counts, f1);
        let total = f1(&counts.iter().copied().sum());
        assert!(low < total && total < high, "{low} {total} {high}");
        high - low
    };
    assert!(width(200) < width(20) / 2.0);
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
