//! The weights of a training, and the step that moves them.

use hairline_kernel::isa::Isa;
use hairline_kernel::loss::BceDice;

use super::TrainError;
use super::optimiser::{self, AdamW, Update};
use super::params::TrainParams;
use super::record::Log;
use super::sampler::Samples;
use super::weights::{Weights, decay_at};
use crate::net::Architecture;
use crate::net::plan::{Batch, Norms, ParameterTable, Statistics, TrainStep};

/// What changes during a training; a checkpoint holds all of it.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The weights that are trained.
    pub current: Weights,
    /// Their moving average.
    pub average: Weights,
    /// The average of the best epoch.
    pub best: Weights,
    /// The optimiser's moments.
    pub optimiser: AdamW,
    /// Scores and counters.
    pub log: Log,
}

impl State {
    fn new(weights: Weights) -> Self {
        let optimiser = AdamW::new(weights.parameters.len());
        Self { average: weights.clone(), best: weights.clone(), current: weights, optimiser, log: Log::default() }
    }
}

/// How long the learning rate rises, and when it has fallen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Steps of the warm-up.
    pub warmup: u64,
    /// Steps of the whole training.
    pub steps: u64,
}

/// Moves weights, a batch at a time.
#[derive(Debug)]
pub struct Learner<'a> {
    params: &'a TrainParams,
    schedule: Schedule,
    network: TrainStep,
    frozen: Option<Statistics>,
    decayed: Vec<bool>,
    gradient: Vec<f32>,
    /// What was trained so far.
    pub state: State,
}

impl<'a> Learner<'a> {
    /// Begins with `init`, or with random weights.
    ///
    /// # Errors
    /// If `HAIRLINE_ISA` asks for what this processor lacks.
    pub fn new(params: &'a TrainParams, schedule: Schedule, init: Option<Weights>) -> Result<Self, TrainError> {
        let architecture = Architecture { base_width: params.base_width };
        let network = TrainStep::new(Isa::from_env()?, architecture);
        let frozen = init.as_ref().filter(|_| params.freeze_norms).map(|weights| weights.statistics.clone());
        let weights = init.unwrap_or_else(|| Weights::initial(architecture, &network.table, params.seed));
        let decayed = optimiser::decayed(architecture, &network.table);
        let gradient = vec![0.0; network.table.parameter_count()];
        Ok(Self { params, schedule, network, frozen, decayed, gradient, state: State::new(weights) })
    }

    /// Where the parameters lie in the flat vectors.
    pub fn table(&self) -> &ParameterTable {
        &self.network.table
    }

    /// One step; gives its loss and learning rate.
    ///
    /// # Errors
    /// If the loss is no number any more.
    pub fn step(&mut self, samples: &Samples) -> Result<(f64, f32), TrainError> {
        let (params, step, side) = (self.params, self.state.log.steps, self.params.crop as usize);
        let batch = Batch { input: &samples.input, size: [params.batch, side, side] };
        let norms = self.frozen.as_ref().map_or(Norms::Batch, Norms::Frozen);
        let loss = (&loss_of(params), samples.targets.as_slice());
        let parameters = &self.state.current.parameters;
        let result = self.network.run(parameters, norms, batch, loss, &mut self.gradient);
        let norm = optimiser::clip(&mut self.gradient, params.gradient_clip);
        if !result.loss.is_finite() || !norm.is_finite() {
            return Err(TrainError::Diverged { step, loss: result.loss });
        }
        let share = optimiser::rate_share(step, self.schedule.warmup, self.schedule.steps);
        let update = Update { count: step + 1, rate: params.learning_rate * share, decay: params.weight_decay };
        let State { current, average, optimiser, log, .. } = &mut self.state;
        optimiser.update(&mut current.parameters, &self.gradient, &self.decayed, update);
        if self.frozen.is_none() {
            current.statistics.update(&result.statistics, params.norm_momentum);
        }
        average.average(current, decay_at(step, params.average_decay));
        log.steps += 1;
        Ok((result.loss, update.rate))
    }
}

/// The loss that `params` ask for.
pub fn loss_of(params: &TrainParams) -> BceDice {
    BceDice { dice: params.dice_weight, ..BceDice::default() }
}
