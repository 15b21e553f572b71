//! The mask editor in a real Chromium: corrections, drafts and conflicts; how well traces fit; how smooth strokes are.

mod drawn;
mod trace;
