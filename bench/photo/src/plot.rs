//! CPU a photo as bars, in a picture that can be read on light and on dark pages.

use std::fmt::Write;

use crate::program::Program;
use crate::report::{Report, Section};

/// Pixels: the whole picture's width, where bars begin, how long the longest may be, and how high things are.
const WIDTH: f64 = 820.0;
const LEFT: f64 = 190.0;
const LONGEST: f64 = 380.0;
/// A bar that would be longer is cut: its last piece stands behind a gap.
const GAP: f64 = 5.0;
const LAST: f64 = 22.0;
const ROW: f64 = 24.0;
const BAR: f64 = 16.0;
const HEADING: f64 = 38.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 36.0;

/// Colours of text, lines and bars on a light page, and on a dark one.
const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}\
.title{font-size:16px;font-weight:600}\
.heading{font-weight:600}\
.quiet{fill:#59636e}\
.end{text-anchor:end}\
.other{fill:#8c959f}\
.darkroom{fill:#0969da}\
.floor{fill:none;stroke:#59636e;stroke-dasharray:3 2}\
.axis{stroke:#d1d9e0}\
@media(prefers-color-scheme:dark){\
text{fill:#f0f6fc}\
.quiet{fill:#9198a1}\
.other{fill:#656c76}\
.darkroom{fill:#4493f8}\
.floor{stroke:#9198a1}\
.axis{stroke:#3d444d}}";

/// Draws the report. Each input has a scale of its own, on which its bars can be compared.
pub(crate) fn draw(report: &Report) -> String {
    let rows: usize = report.inputs.iter().map(|section| section.programs.len()).sum();
    let height = TOP + BOTTOM + HEADING * report.inputs.len() as f64 + ROW * rows as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\">\n<title>CPU time a photo, by program</title>\n<style>{STYLE}</style>\n"
    );
    text(&mut svg, 16.0, 28.0, "title", "CPU a photo: decode, and renditions of 1080, 640 and 150 as JPEG");
    text(&mut svg, 16.0, 46.0, "quiet", "milliseconds, user and system, of all threads; shorter is better");
    let mut y = TOP;
    for section in &report.inputs {
        y = draw_section(&mut svg, section, y);
    }
    text(&mut svg, 16.0, height - 14.0, "quiet", &setting(report));
    svg.push_str("</svg>\n");
    svg
}

fn draw_section(svg: &mut String, section: &Section, top: f64) -> f64 {
    text(svg, 16.0, top + 26.0, "heading", &section.title());
    let begin = top + HEADING;
    let end = begin + ROW * section.programs.len() as f64;
    let _ = writeln!(svg, "<line class=\"axis\" x1=\"{LEFT}\" y1=\"{begin}\" x2=\"{LEFT}\" y2=\"{end}\"/>");
    let scale = LONGEST / longest(section);
    let mut y = begin;
    for measurement in &section.programs {
        let program = measurement.program;
        let class = match program {
            Program::Darkroom => "darkroom",
            Program::Floor => "floor",
            _ => "other",
        };
        let cpu = measurement.median_cpu;
        text(svg, LEFT - 8.0, y + 17.0, "end", program.title());
        let bar = y + (ROW - BAR) / 2.0;
        let mut rectangle = |x: f64, width: f64| {
            let _ = writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{bar}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\"/>"
            );
        };
        let length = (cpu * scale).clamp(1.0, LONGEST);
        if cpu * scale > LONGEST * 1.001 {
            rectangle(LEFT, LONGEST - GAP - LAST);
            rectangle(LEFT + LONGEST - LAST, LAST);
        } else {
            rectangle(LEFT, length);
        }
        text(svg, LEFT + length + 8.0, y + 17.0, "", &format!("{:.0} ms", cpu * 1e3));
        if let Some(ratio) = section.ratios.get(&program) {
            text(svg, WIDTH - 16.0, y + 17.0, "quiet end", &format!("Darkroom: {ratio:.2} ×"));
        }
        y += ROW;
    }
    y
}

/// CPU seconds of the longest bar that is not cut: of the longest two the shorter, if the other would dwarf the rest.
fn longest(section: &Section) -> f64 {
    let mut all: Vec<f64> = section.programs.iter().map(|measurement| measurement.median_cpu).collect();
    all.sort_unstable_by(|a, b| b.total_cmp(a));
    match all[..] {
        [first, second, ..] if first < 1.6 * second => first,
        [_, second, _, ..] => second,
        [first, ..] => first,
        [] => 1.0,
    }
}

/// The machine and what was done, in one line.
fn setting(report: &Report) -> String {
    let wanted = ["processor", "rounds × photos"];
    let mut parts: Vec<String> = Vec::new();
    for (name, value) in &report.setting {
        if wanted.contains(name) {
            parts.push(if *name == "processor" { value.clone() } else { format!("{name}: {value}, medians") });
        }
    }
    parts.join(" · ")
}

fn text(svg: &mut String, x: f64, y: f64, class: &str, content: &str) {
    let content = content.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{content}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measurement;
    use crate::program::Contender;

    fn measured(program: Program, cpu: f64) -> Measurement {
        let contender = Contender { program, threads: None };
        Measurement::new(contender, vec![cpu], vec![cpu], (0.0, 0.0), Vec::new())
    }

    fn drawn(programs: Vec<Measurement>) -> String {
        let section = Section::new("a < b".to_owned(), (4, 3), 1_000_000, programs);
        draw(&Report { setting: Vec::new(), inputs: vec![section] })
    }

    #[test]
    fn bars_are_as_long_as_what_they_show() {
        let svg = drawn(vec![measured(Program::Darkroom, 0.10), measured(Program::Sharp3, 0.125)]);
        assert!(svg.contains("class=\"darkroom\" x=\"190.0\" y=\"98\" width=\"304.0\""), "{svg}");
        assert!(svg.contains("class=\"other\" x=\"190.0\" y=\"122\" width=\"380.0\""), "{svg}");
        assert!(svg.contains("125 ms") && svg.contains("Darkroom: 0.80 ×"), "{svg}");
        assert!(svg.contains("a &lt; b (4 × 3, 1.0 MB)"), "{svg}");
    }

    #[test]
    fn one_that_dwarfs_the_rest_is_cut() {
        let programs = [(Program::Darkroom, 0.04), (Program::Sharp3, 0.10), (Program::Magick, 0.50)];
        let svg = drawn(programs.into_iter().map(|(program, cpu)| measured(program, cpu)).collect());
        assert!(svg.contains("y=\"122\" width=\"380.0\""), "{svg}");
        assert!(
            svg.contains("y=\"146\" width=\"353.0\"") && svg.contains("x=\"548.0\" y=\"146\" width=\"22.0\""),
            "{svg}"
        );
        assert!(svg.contains("500 ms"), "{svg}");
    }
}
