//! What thinning leaves beside the cracks is taken away: spurs that are
//! shorter than the crack is wide, and junctions that were torn in two.

use super::geometry::length;
use super::graph::{Edge, Graph};

/// Branches shorter than this are no branches, however thin the crack.
const SHORTEST_BRANCH_PX: f64 = 3.0;

/// Cleans `graph` until nothing changes.
pub fn prune(graph: &mut Graph) {
    loop {
        let edges = graph.edges.len();
        merge_junctions(graph);
        remove_spurs(graph);
        graph.join_through();
        if graph.edges.len() == edges {
            return;
        }
    }
}

/// Junctions whose discs overlap are one.
fn merge_junctions(graph: &mut Graph) {
    loop {
        let degrees = graph.degrees();
        let is_torn = |edge: &Edge| {
            let [a, b] = edge.nodes;
            let reach = graph.nodes[a].radius + graph.nodes[b].radius;
            a != b && degrees[a] > 2 && degrees[b] > 2 && length(&edge.line) <= reach + 1.0
        };
        let torn: Vec<bool> = graph.edges.iter().map(is_torn).collect();
        if !torn.contains(&true) {
            return;
        }
        graph.contract(&torn);
    }
}

/// Removes branches that end freely within the width of what they branch from.
fn remove_spurs(graph: &mut Graph) {
    let degrees = graph.degrees();
    let is_spur = |e: usize| {
        let edge = &graph.edges[e];
        let [a, b] = edge.nodes;
        let stem = match (degrees[a], degrees[b]) {
            (1, 3..) => b,
            (3.., 1) => a,
            _ => return false,
        };
        length(&edge.line) < (2.0 * graph.nodes[stem].radius).max(SHORTEST_BRANCH_PX)
    };
    let mut spurs: Vec<bool> = (0..graph.edges.len()).map(is_spur).collect();
    keep_one_line(graph, &mut spurs);
    let mut spur = spurs.into_iter();
    graph.edges.retain(|_| !spur.next().unwrap_or(false));
}

/// A region that is nothing but spurs keeps its two longest: they are its line.
fn keep_one_line(graph: &Graph, spurs: &mut [bool]) {
    if spurs.is_empty() || spurs.iter().any(|&spur| !spur) {
        return;
    }
    let mut by_length: Vec<usize> = (0..spurs.len()).collect();
    by_length.sort_by(|&a, &b| length(&graph.edges[b].line).total_cmp(&length(&graph.edges[a].line)));
    for &e in by_length.iter().take(2) {
        spurs[e] = false;
    }
}
