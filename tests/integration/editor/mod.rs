//! The mask editor in a real Chromium: corrections, drafts and conflicts; how well traces fit; how smooth strokes are.

mod conflicts;
mod corrections;
mod drafts;
mod drawn;
mod modules;
mod page;
mod screens;
mod speed;
mod trace;
