//! The sample photographs of the page.

/// A sample photograph; its picture is `assets/samples/{name}.jpg`.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Name of the file.
    pub name: &'static str,
    /// Shown below the picture.
    pub title: &'static str,
    /// For those who do not see it.
    pub alt: &'static str,
}

/// All samples.
pub const SAMPLES: [Sample; 0] = [];
