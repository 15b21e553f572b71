//! Pieces of one crack that lie apart are joined: tips that face each other
//! across a short gap, as where dirt or a lichen covers a crack.

use std::collections::{HashMap, HashSet};

use super::evidence::Evidence;
use super::geometry::{Vec2, between, distance, dot, from_end, outward, sub, unit};
use super::regions::Sets;
use super::trace::{Trace, TracedBranch};

/// Gaps up to this many pixels and widths are bridged because of the tips alone…
const BLIND: (f64, f64) = (6.0, 2.0);
/// …and up to this many where the evidence between them is weak, but there.
const SEEN: (f64, f64) = (24.0, 4.0);
/// Least share of the threshold that counts as weak evidence.
const LEAST_SUPPORT: f64 = 0.2;
/// Cosine of the largest angle between a tip's direction and the gap.
const LEAST_ALIGNMENT: f64 = 0.77;
/// Gaps so short, in pixels or as a share of the width, that the directions of the tips say nothing.
const TOUCHING: (f64, f64) = (3.0, 1.0);

/// A free end of a crack.
#[derive(Debug, Clone, Copy)]
struct Tip {
    trace: usize,
    node: usize,
    at: Vec2,
    outward: Vec2,
    width: f64,
}

/// Joins the traces that belong to one crack; none is lost.
pub fn joined(traces: Vec<Trace>, evidence: Evidence) -> Vec<Trace> {
    let tips: Vec<Tip> = traces.iter().enumerate().flat_map(|(index, trace)| tips(index, trace)).collect();
    let bridges = bridges(&tips, evidence);
    let mut sets = Sets::new(traces.len());
    for &(a, b) in &bridges {
        sets.join(tips[a].trace, tips[b].trace);
    }
    let landings = landings(&tips, &traces, &bridges);
    for &(tip, trace) in &landings {
        sets.join(tips[tip].trace, trace);
    }
    let mut first_node = vec![0; traces.len()];
    let mut whole: Vec<Option<Trace>> = vec![None; traces.len()];
    for (index, trace) in traces.into_iter().enumerate() {
        let into = whole[sets.root(index)].get_or_insert_with(Trace::default);
        first_node[index] = into.nodes.len();
        into.append(trace);
    }
    for (a, b) in bridges {
        let node = |tip: usize| first_node[tips[tip].trace] + tips[tip].node;
        let root = sets.root(tips[a].trace);
        if let Some(trace) = &mut whole[root] {
            trace.bridge(node(a), node(b));
        }
    }
    for (tip, trace) in landings {
        let root = sets.root(trace);
        if let Some(whole) = &mut whole[root] {
            whole.land(first_node[tips[tip].trace] + tips[tip].node);
        }
    }
    whole.into_iter().flatten().collect()
}

/// Tips that end at the flank of another crack: a junction that the evidence left open.
fn landings(tips: &[Tip], traces: &[Trace], bridges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    const CELL_PX: f64 = 16.0;
    let cell = |at: Vec2| ((at[0] / CELL_PX).floor() as i64, (at[1] / CELL_PX).floor() as i64);
    let mut near: HashMap<(i64, i64), Vec<usize>> = HashMap::new();
    let bridged: HashSet<usize> = bridges.iter().flat_map(|&(a, b)| [a, b]).collect();
    for (index, tip) in tips.iter().enumerate().filter(|(index, _)| !bridged.contains(index)) {
        let (x, y) = cell(tip.at);
        for place in (x - 1..=x + 1).flat_map(|x| (y - 1..=y + 1).map(move |y| (x, y))) {
            near.entry(place).or_default().push(index);
        }
    }
    let mut found: Vec<Option<(f64, usize)>> = vec![None; tips.len()];
    for (trace, branch) in traces.iter().enumerate().flat_map(|(t, trace)| trace.branches.iter().map(move |b| (t, b))) {
        for (point, lips) in branch.line.iter().zip(&branch.lips) {
            for &index in near.get(&cell(*point)).into_iter().flatten() {
                let (tip, reach) = (&tips[index], 0.5 * (lips[0] + lips[1]) + TOUCHING.0);
                let away = distance(tip.at, *point);
                if tip.trace != trace && away <= reach.min(CELL_PX) && found[index].is_none_or(|(best, _)| away < best)
                {
                    found[index] = Some((away, trace));
                }
            }
        }
    }
    found.into_iter().enumerate().filter_map(|(index, found)| Some((index, found?.1))).collect()
}

fn tips(index: usize, trace: &Trace) -> impl Iterator<Item = Tip> + '_ {
    trace.branches.iter().flat_map(move |branch| {
        [0, 1].into_iter().filter(|&end| branch.free[end] && branch.line.len() > 1).map(move |end| {
            let (outward, width) = heading(branch, end);
            let at = branch.line[from_end(branch.line.len(), end, 0)];
            Tip { trace: index, node: branch.nodes[end], at, outward, width }
        })
    })
}

/// Direction out of the end of a branch, and the typical width before it.
fn heading(branch: &TracedBranch, end: usize) -> (Vec2, f64) {
    let last = branch.line.len() - 1;
    let span = last.min(12);
    let near = if end == 0 { &branch.lips[..=span] } else { &branch.lips[last - span..] };
    let width = near.iter().map(|[left, right]| left + right).sum::<f64>() / near.len() as f64;
    (outward(&branch.line, end, span), width)
}

/// Pairs of tips to join, nearest first, each tip once.
fn bridges(tips: &[Tip], evidence: Evidence) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..tips.len()).collect();
    order.sort_by(|&a, &b| tips[a].at[0].total_cmp(&tips[b].at[0]));
    let widest = tips.iter().map(|tip| tip.width).fold(0.0, f64::max);
    let reach = SEEN.0 + SEEN.1 * widest;
    let mut pairs = Vec::new();
    for (i, &a) in order.iter().enumerate() {
        let near = order[i + 1..].iter().take_while(|&&b| tips[b].at[0] - tips[a].at[0] <= reach);
        pairs.extend(near.filter(|&&b| face_each_other(&tips[a], &tips[b], evidence)).map(|&b| (a.min(b), a.max(b))));
    }
    let gap = |&(a, b): &(usize, usize)| distance(tips[a].at, tips[b].at);
    pairs.sort_by(|a, b| gap(a).total_cmp(&gap(b)).then(a.cmp(b)));
    let mut taken = vec![false; tips.len()];
    pairs.retain(|&(a, b)| {
        let free = !taken[a] && !taken[b];
        if free {
            (taken[a], taken[b]) = (true, true);
        }
        free
    });
    pairs
}

fn face_each_other(a: &Tip, b: &Tip, evidence: Evidence) -> bool {
    let gap = sub(b.at, a.at);
    let (length, width) = (distance(a.at, b.at), a.width.min(b.width));
    if a.trace == b.trace || length > SEEN.0 + SEEN.1 * width {
        return false;
    }
    let along = unit(gap);
    let aligned = dot(a.outward, along).min(-dot(b.outward, along)) >= LEAST_ALIGNMENT;
    if length > TOUCHING.0.max(TOUCHING.1 * width) && !aligned {
        return false;
    }
    length <= BLIND.0 + BLIND.1 * width || support(a.at, b.at, evidence) >= LEAST_SUPPORT
}

/// Mean evidence along a line as a share of the threshold; none of a label, whose zeros are meant.
fn support(a: Vec2, b: Vec2, evidence: Evidence) -> f64 {
    let steps = distance(a, b).ceil().max(1.0) as usize;
    let at = |i: usize| evidence.strength(between(a, b, i as f64 / steps as f64)).min(1.0);
    match evidence {
        Evidence::Label(_) => 0.0,
        Evidence::Probabilities(..) => (0..=steps).map(at).sum::<f64>() / (steps + 1) as f64,
    }
}

impl Trace {
    /// Takes over the branches of another trace.
    fn append(&mut self, other: Self) {
        let first = self.nodes.len();
        self.nodes.extend(other.nodes);
        self.degrees.extend(other.degrees);
        self.branches.extend(other.branches.into_iter().map(|mut branch| {
            branch.nodes = branch.nodes.map(|node| node + first);
            branch
        }));
    }

    /// Makes a junction of a tip that ends at another branch.
    fn land(&mut self, tip: usize) {
        self.degrees[tip] = 3;
        for branch in &mut self.branches {
            for end in [0, 1].into_iter().filter(|&end| branch.nodes[end] == tip).collect::<Vec<_>>() {
                branch.free[end] = false;
            }
        }
    }

    /// Makes one branch of the two that end at tips `a` and `b`, straight between them.
    fn bridge(&mut self, a: usize, b: usize) {
        let find = |node: usize, branches: &[TracedBranch]| branches.iter().position(|one| one.nodes.contains(&node));
        let (Some(i), Some(j)) = (find(a, &self.branches), find(b, &self.branches)) else { return };
        if i == j {
            return;
        }
        let second = self.branches.swap_remove(i.max(j));
        let first = std::mem::take(&mut self.branches[i.min(j)]);
        let (mut before, mut after) = if i < j { (first, second) } else { (second, first) };
        if before.nodes[1] != a {
            before.reverse();
        }
        if after.nodes[0] != b {
            after.reverse();
        }
        self.branches[i.min(j)] = before.continued(after);
        (self.degrees[a], self.degrees[b]) = (2, 2);
    }
}

impl TracedBranch {
    /// Turns the direction of travel round.
    pub fn reverse(&mut self) {
        self.nodes.reverse();
        self.free.reverse();
        self.line.reverse();
        self.lips.reverse();
        self.lips.iter_mut().for_each(|lips| lips.reverse());
        self.clear.reverse();
    }

    /// This branch, a straight bridge, then `other`.
    fn continued(mut self, other: Self) -> Self {
        let (last, first) = (self.line.len() - 1, other.line[0]);
        let (from, lips) = (self.line[last], self.lips[last]);
        let steps = distance(from, first).round() as usize;
        for i in 1..steps {
            let share = i as f64 / steps as f64;
            self.line.push(between(from, first, share));
            self.lips.push(between(lips, other.lips[0], share));
            self.clear.push(false);
        }
        let (own, others) = (self.line.len() as f64, other.line.len() as f64);
        self.grey = match (self.grey, other.grey) {
            (Some(a), Some(b)) => Some(a.mixed(b, others / (own + others))),
            (one, another) => one.or(another),
        };
        self.line.extend(other.line);
        self.lips.extend(other.lips);
        self.clear.extend(other.clear);
        self.nodes[1] = other.nodes[1];
        self.free[1] = other.free[1];
        self
    }
}
