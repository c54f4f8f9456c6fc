//! What Darkroom promises beside the others, and whether it is kept.

use serde::Serialize;

use crate::measure::Measurement;
use crate::program::Program;

/// Darkroom's CPU ÷ a program's, at most.
const CPU: [(Program, f64); 4] =
    [(Program::Sharp3, 0.33), (Program::Sharp1, 0.50), (Program::Pyvips, 0.30), (Program::Floor, 1.20)];

/// Memory over idle, MiB, at most.
const MEMORY: f64 = 32.0;

/// SSIM that a rendition may lose to sharp's.
const SSIM: f64 = 0.0005;

/// One promise.
#[derive(Debug, Serialize)]
pub(crate) struct Bound {
    pub(crate) what: String,
    pub(crate) value: f64,
    /// `≤` or `≥`.
    pub(crate) sign: &'static str,
    pub(crate) limit: f64,
    pub(crate) holds: bool,
    /// Digits behind the point that are worth showing.
    #[serde(skip)]
    pub(crate) digits: usize,
}

impl Bound {
    fn at_most(what: String, value: f64, limit: f64, digits: usize) -> Self {
        Self { what, value, sign: "≤", limit, holds: value <= limit, digits }
    }

    fn at_least(what: String, value: f64, limit: f64, digits: usize) -> Self {
        Self { what, value, sign: "≥", limit, holds: value >= limit, digits }
    }
}

/// Checks those for which the programs were measured; renditions are held against sharp's three pipelines.
pub(crate) fn check(programs: &[Measurement]) -> Vec<Bound> {
    let of = |program| programs.iter().find(|measurement| measurement.program == program);
    let Some(darkroom) = of(Program::Darkroom) else { return Vec::new() };
    let mut bounds = Vec::new();
    for (program, limit) in CPU {
        if let Some(other) = of(program) {
            bounds.push(Bound::at_most(format!("CPU ÷ {}", program.title()), darkroom.ratio(other), limit, 2));
        }
    }
    bounds.push(Bound::at_most("memory over idle, MiB".to_owned(), darkroom.over_idle, MEMORY, 1));
    let Some(sharp) = of(Program::Sharp3) else { return bounds };
    for (own, theirs) in darkroom.renditions.iter().zip(&sharp.renditions) {
        let size = own.size;
        bounds.push(Bound::at_least(format!("{size}: SSIM"), own.ssim, theirs.ssim - SSIM, 5));
        bounds.push(Bound::at_most(format!("{size}: bytes"), own.bytes as f64, theirs.bytes as f64, 0));
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Judged;
    use crate::program::Contender;

    fn measured(program: Program, cpu: f64, bytes: usize, ssim: f64) -> Measurement {
        let judged = Judged { size: "large", width: 1080, height: 810, bytes, ssim, ssimulacra2: 80.0 };
        let contender = Contender { program, threads: None };
        Measurement::new(contender, vec![cpu], vec![cpu], (5.0, 20.0), vec![judged])
    }

    fn missed(darkroom: Measurement) -> Vec<String> {
        let sharp = measured(Program::Sharp3, 0.100, 50_000, 0.9500);
        let bounds = check(&[darkroom, sharp]);
        assert_eq!(bounds.len(), 4);
        bounds.into_iter().filter(|bound| !bound.holds).map(|bound| bound.what).collect()
    }

    #[test]
    fn every_promise_can_be_missed_by_itself() {
        assert!(missed(measured(Program::Darkroom, 0.033, 50_000, 0.9495)).is_empty());
        assert_eq!(missed(measured(Program::Darkroom, 0.034, 50_000, 0.95)), ["CPU ÷ sharp, three pipelines"]);
        assert_eq!(missed(measured(Program::Darkroom, 0.033, 50_001, 0.95)), ["large: bytes"]);
        assert_eq!(missed(measured(Program::Darkroom, 0.033, 50_000, 0.9494)), ["large: SSIM"]);
        let mut fat = measured(Program::Darkroom, 0.033, 50_000, 0.95);
        fat.over_idle = 32.5;
        assert_eq!(missed(fat), ["memory over idle, MiB"]);
    }
}
