//! A skeleton as a graph: free tips and junctions, and the branches between them.

use std::collections::{HashMap, HashSet};

use super::geometry::{Vec2, add, distance, length, scaled};
use super::raster::Raster;
use super::regions::Sets;
use super::thinning::{bits, offsets};

/// A tip or a junction.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Where it is in the photograph.
    pub at: Vec2,
    /// Distance to the lip there, in pixels.
    pub radius: f64,
}

/// A branch from node to node.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The nodes at its first and last point; equal for a loop.
    pub nodes: [usize; 2],
    /// Its points, those of the nodes included.
    pub line: Vec<Vec2>,
}

/// The graph of one region.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// Tips and junctions; those that no edge names are leftovers.
    pub nodes: Vec<Node>,
    /// Branches.
    pub edges: Vec<Edge>,
}

impl Graph {
    /// Reads the one-pixel skeleton of `region`.
    pub fn new(region: &Raster, skeleton: &Raster) -> Self {
        Tracer::new(region, skeleton).trace()
    }

    /// How many branch ends meet at each node.
    pub fn degrees(&self) -> Vec<usize> {
        let mut degrees = vec![0; self.nodes.len()];
        for node in self.edges.iter().flat_map(|edge| edge.nodes) {
            degrees[node] += 1;
        }
        degrees
    }

    /// Joins the two branches at every node where only two ends meet.
    pub fn join_through(&mut self) {
        let mut edges: Vec<Option<Edge>> = std::mem::take(&mut self.edges).into_iter().map(Some).collect();
        let mut incident: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (e, edge) in edges.iter().enumerate() {
            for node in edge.iter().flat_map(|edge| edge.nodes) {
                incident[node].push(e);
            }
        }
        for node in 0..self.nodes.len() {
            let [first, second] = incident[node][..] else { continue };
            if first == second {
                continue;
            }
            let (Some(before), Some(after)) = (edges[first].take(), edges[second].take()) else { continue };
            let joined = self.joined(before, after, node);
            for end in joined.nodes {
                incident[end].iter_mut().filter(|e| **e == second).for_each(|e| *e = first);
            }
            incident[node].clear();
            edges[first] = Some(joined);
        }
        self.edges = edges.into_iter().flatten().collect();
    }

    /// One branch of two that meet at `node`.
    fn joined(&self, before: Edge, after: Edge, node: usize) -> Edge {
        let Edge { nodes: [mut start, end], mut line } = before;
        if end != node {
            line.reverse();
            start = end;
        }
        let (rest, stop) = match after.nodes {
            [a, stop] if a == node => (after.line, stop),
            [stop, _] => (after.line.into_iter().rev().collect(), stop),
        };
        // The node's own point was the middle of a junction that is none any more.
        line.pop();
        line.extend(rest.into_iter().skip(1));
        if line.len() < 2 {
            line = vec![self.nodes[start].at, self.nodes[stop].at];
        }
        Edge { nodes: [start, stop], line }
    }

    /// Makes one node, in their middle, of all that are joined by the edges for which `short` holds.
    pub fn contract(&mut self, short: &[bool]) {
        let mut sets = Sets::new(self.nodes.len());
        for (edge, _) in self.edges.iter().zip(short).filter(|(_, short)| **short) {
            sets.join(edge.nodes[0], edge.nodes[1]);
        }
        let root: Vec<usize> = (0..self.nodes.len()).map(|node| sets.root(node)).collect();
        let mut sums = vec![([0.0; 2], 0.0_f64, 0.0_f64); self.nodes.len()];
        for (node, &root) in self.nodes.iter().zip(&root) {
            let (sum, radius, count) = &mut sums[root];
            (*sum, *radius, *count) = (add(*sum, node.at), radius.max(node.radius), *count + 1.0);
        }
        for (node, (sum, radius, count)) in self.nodes.iter_mut().zip(sums).filter(|(_, (_, _, count))| *count > 1.0) {
            *node = Node { at: scaled(sum, 1.0 / count), radius };
        }
        let mut short = short.iter();
        self.edges.retain(|_| !short.next().is_some_and(|short| *short));
        for edge in &mut self.edges {
            edge.nodes = edge.nodes.map(|node| root[node]);
            let last = edge.line.len() - 1;
            (edge.line[0], edge.line[last]) = (self.nodes[edge.nodes[0]].at, self.nodes[edge.nodes[1]].at);
        }
        // What runs from a junction's disc back into it is part of it.
        let nodes = &self.nodes;
        self.edges
            .retain(|edge| edge.nodes[0] != edge.nodes[1] || length(&edge.line) > 4.0 * nodes[edge.nodes[0]].radius);
    }
}

/// Walks along a skeleton.
struct Tracer<'a> {
    region: &'a Raster,
    skeleton: &'a Raster,
    steps: [isize; 8],
    /// The node of each pixel that belongs to one; sparse, as skeletons are.
    node_of: HashMap<usize, usize>,
    walked: HashSet<usize>,
    graph: Graph,
}

impl<'a> Tracer<'a> {
    fn new(region: &'a Raster, skeleton: &'a Raster) -> Self {
        let steps = offsets(skeleton.width);
        let (node_of, walked) = (HashMap::new(), HashSet::new());
        Self { region, skeleton, steps, node_of, walked, graph: Graph::default() }
    }

    fn trace(mut self) -> Graph {
        let set: Vec<usize> = (0..self.skeleton.pixels.len()).filter(|&i| self.skeleton.pixels[i] != 0).collect();
        let degree = |i: usize| bits(&self.skeleton.pixels, i, &self.steps).count_ones();
        let (ends, rest): (Vec<usize>, Vec<usize>) = set.iter().partition(|&&i| degree(i) < 2);
        let crossings: Vec<usize> = rest.into_iter().filter(|&i| degree(i) > 2).collect();
        for i in crossings {
            self.flood_junction(i);
        }
        for i in ends {
            self.add_node(&[i]);
        }
        for i in &set {
            if self.node_of.contains_key(i) {
                self.walk_from(*i);
            }
        }
        for i in set {
            if !self.node_of.contains_key(&i) && !self.walked.contains(&i) {
                self.add_node(&[i]);
                self.walk_from(i);
            }
        }
        self.graph
    }

    /// One node for all junction pixels that touch.
    fn flood_junction(&mut self, first: usize) {
        if self.node_of.contains_key(&first) {
            return;
        }
        let mut cluster = vec![first];
        self.node_of.insert(first, self.graph.nodes.len());
        let mut next = 0;
        while next < cluster.len() {
            for i in self.neighbours(cluster[next]) {
                let is_crossing = bits(&self.skeleton.pixels, i, &self.steps).count_ones() > 2;
                if is_crossing && !self.node_of.contains_key(&i) {
                    self.node_of.insert(i, self.graph.nodes.len());
                    cluster.push(i);
                }
            }
            next += 1;
        }
        self.add_node(&cluster);
    }

    fn add_node(&mut self, pixels: &[usize]) {
        for &i in pixels {
            self.node_of.insert(i, self.graph.nodes.len());
        }
        let sum = pixels.iter().fold([0.0; 2], |sum, &i| add(sum, self.skeleton.centre(i)));
        let radius = pixels.iter().map(|&i| self.region.radius(i)).fold(0.0, f64::max);
        self.graph.nodes.push(Node { at: scaled(sum, 1.0 / pixels.len() as f64), radius });
    }

    fn neighbours(&self, i: usize) -> Vec<usize> {
        let set = |&other: &usize| self.skeleton.pixels[other] != 0;
        self.steps.iter().map(|&step| i.wrapping_add_signed(step)).filter(set).collect()
    }

    /// Follows every branch that leaves node pixel `start` and was not walked before.
    fn walk_from(&mut self, start: usize) {
        let node = self.node_of[&start];
        for first in self.neighbours(start) {
            match self.node_of.get(&first) {
                None if !self.walked.contains(&first) => self.walk(node, start, first),
                Some(&other) if other > node => {
                    let line = vec![self.graph.nodes[node].at, self.graph.nodes[other].at];
                    self.graph.edges.push(Edge { nodes: [node, other], line });
                }
                None | Some(_) => {}
            }
        }
    }

    fn walk(&mut self, node: usize, start: usize, first: usize) {
        let mut line = vec![self.graph.nodes[node].at];
        let (mut before, mut here) = (start, first);
        let end = loop {
            self.walked.insert(here);
            line.push(self.skeleton.centre(here));
            let onward: Vec<usize> = self.neighbours(here).into_iter().filter(|&i| i != before).collect();
            let into_node = |i: &usize| self.node_of.get(i).filter(|&&end| line.len() > 2 || end != node).copied();
            if let Some(end) = onward.iter().find_map(into_node) {
                break Some(end);
            }
            let is_open = |i: &usize| !self.node_of.contains_key(i) && !self.walked.contains(i);
            let Some(next) = onward.into_iter().find(is_open) else { break None };
            (before, here) = (here, next);
        };
        // A pixel that leads back into its own junction is no branch.
        let Some(end) = end else { return };
        line.push(self.graph.nodes[end].at);
        if end != node || distance(line[0], line[line.len() / 2]) > 2.0 * self.graph.nodes[node].radius + 2.0 {
            self.graph.edges.push(Edge { nodes: [node, end], line });
        }
    }
}
