//! Connected regions of a mask, found from its runs: memory goes with the
//! cracks, not with the photograph.

use rayon::prelude::*;

/// Pixels `from..to` of row `y`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Row.
    pub y: usize,
    /// First column.
    pub from: usize,
    /// Column behind the last.
    pub to: usize,
}

/// Rows of a photograph-sized picture in which some pixels are crack.
pub trait CrackPixels: Sync {
    /// Width and height in pixels.
    fn size(&self) -> (usize, usize);
    /// Appends the runs of row `y`.
    fn runs(&self, y: usize, runs: &mut Vec<Run>);
}

/// Appends the runs of `row` in which `is_crack` holds.
pub fn runs_of<T: Copy>(row: &[T], y: usize, is_crack: impl Fn(T) -> bool, runs: &mut Vec<Run>) {
    let mut x = 0;
    while let Some(skip) = row[x..].iter().position(|&v| is_crack(v)) {
        let from = x + skip;
        x = row[from..].iter().position(|&v| !is_crack(v)).map_or(row.len(), |length| from + length);
        runs.push(Run { y, from, to: x });
    }
}

/// The 8-connected regions, each as its runs from top to bottom.
pub fn regions(pixels: &impl CrackPixels) -> Vec<Vec<Run>> {
    let height = pixels.size().1;
    let rows: Vec<Vec<Run>> = (0..height)
        .into_par_iter()
        .map(|y| {
            let mut runs = Vec::new();
            pixels.runs(y, &mut runs);
            runs
        })
        .collect();
    let runs: Vec<Run> = rows.into_iter().flatten().collect();
    let mut sets = Sets::new(runs.len());
    join_rows(&runs, &mut sets);
    let mut index = vec![usize::MAX; runs.len()];
    let mut regions: Vec<Vec<Run>> = Vec::new();
    for (i, run) in runs.iter().enumerate() {
        let root = sets.root(i);
        if index[root] == usize::MAX {
            index[root] = regions.len();
            regions.push(Vec::new());
        }
        regions[index[root]].push(*run);
    }
    regions
}

fn join_rows(runs: &[Run], sets: &mut Sets) {
    let (mut above, mut first) = (0..0, 0);
    while first < runs.len() {
        let y = runs[first].y;
        let end = first + runs[first..].iter().take_while(|run| run.y == y).count();
        let mut a = if above.end > 0 && runs[above.start].y + 1 == y { above.start } else { above.end };
        for i in first..end {
            while a < above.end && runs[a].to < runs[i].from {
                a += 1;
            }
            let mut touching = a;
            while touching < above.end && runs[touching].from <= runs[i].to {
                sets.join(i, touching);
                touching += 1;
            }
        }
        (above, first) = (first..end, end);
    }
}

/// Disjoint sets of numbers (union by smaller root, path halving).
pub struct Sets(Vec<usize>);

impl Sets {
    /// `count` sets of one number each.
    pub fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// The number that stands for the set of `i`: its smallest.
    pub fn root(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    /// Makes one set of two.
    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Picture(&'static [&'static str]);

    impl CrackPixels for Picture {
        fn size(&self) -> (usize, usize) {
            (self.0[0].len(), self.0.len())
        }

        fn runs(&self, y: usize, runs: &mut Vec<Run>) {
            runs_of(self.0[y].as_bytes(), y, |c| c == b'#', runs);
        }
    }

    #[test]
    fn corners_connect_and_gaps_do_not() {
        let regions = regions(&Picture(&["#..#.##", ".##...#", "......."]));
        let sizes: Vec<usize> = regions.iter().map(|runs| runs.iter().map(|run| run.to - run.from).sum()).collect();
        assert_eq!(sizes, [4, 3]);
    }

    #[test]
    fn arms_that_meet_below_are_one() {
        assert_eq!(regions(&Picture(&["#.#.#", "#.#.#", "#####"])).len(), 1);
        assert_eq!(regions(&Picture(&["#...#", ".....", "#####"])).len(), 3);
    }
}
