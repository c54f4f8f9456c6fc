//! Lines over a logarithmic axis, in a picture that can be read on light and on dark pages.

use std::fmt::Write;

/// Pixels: the picture's width, a panel's height and its place within, and the room for the line that says what was measured.
const WIDTH: f64 = 820.0;
const PANEL: f64 = 230.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 600.0;
const TOP: f64 = 44.0;
const FLOOR: f64 = 196.0;
const BOTTOM: f64 = 30.0;

/// Lines across a panel.
const STEPS: usize = 4;

/// Colours on a light page, and on a dark one; a line's class is its place.
const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1f2328}\
.title{font-size:15px;font-weight:600}\
.quiet{fill:#59636e;font-size:12px}\
.end{text-anchor:end}\
.middle{text-anchor:middle}\
.grid{stroke:#d1d9e0}\
polyline{fill:none;stroke-width:2}\
.l0{stroke:#0969da}.l1{stroke:#bc4c00}.l2{stroke:#1a7f37}.l3{stroke:#8250df}\
circle.l0{fill:#0969da}circle.l1{fill:#bc4c00}circle.l2{fill:#1a7f37}circle.l3{fill:#8250df}\
@media(prefers-color-scheme:dark){\
text{fill:#f0f6fc}\
.quiet{fill:#9198a1}\
.grid{stroke:#3d444d}\
.l0{stroke:#4493f8}.l1{stroke:#f0883e}.l2{stroke:#3fb950}.l3{stroke:#ab7df8}\
circle.l0{fill:#4493f8}circle.l1{fill:#f0883e}circle.l2{fill:#3fb950}circle.l3{fill:#ab7df8}}";

/// Some lines over one axis.
#[derive(Debug, Clone)]
pub(crate) struct Panel {
    /// What it shows, with its unit.
    pub(crate) title: String,
    /// What its axis counts.
    pub(crate) axis: String,
    /// Names of lines, at most four, with their points, left to right: all have the same places on the axis.
    pub(crate) lines: Vec<(String, Vec<(f64, f64)>)>,
}

impl Panel {
    /// Without a line yet.
    pub(crate) fn new(title: impl Into<String>, axis: impl Into<String>) -> Self {
        Self { title: title.into(), axis: axis.into(), lines: Vec::new() }
    }

    /// Adds a point to the line of that name.
    pub(crate) fn point(&mut self, line: &str, x: f64, y: f64) {
        match self.lines.iter_mut().find(|(name, _)| name == line) {
            Some((_, points)) => points.push((x, y)),
            None => self.lines.push((line.to_owned(), vec![(x, y)])),
        }
    }
}

/// Draws panels below one another; `setting` says on what they were measured.
pub(crate) fn draw(panels: &[Panel], setting: &str) -> String {
    let height = PANEL * panels.len() as f64 + BOTTOM;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n",
        escaped(&panels.iter().map(|panel| panel.title.as_str()).collect::<Vec<_>>().join("; "))
    );
    for (number, panel) in panels.iter().enumerate() {
        draw_panel(&mut svg, panel, PANEL * number as f64);
    }
    text(&mut svg, 16.0, height - 10.0, "quiet", setting);
    svg.push_str("</svg>\n");
    svg
}

fn draw_panel(svg: &mut String, panel: &Panel, top: f64) {
    text(svg, 16.0, top + 26.0, "title", &panel.title);
    let most = panel.lines.iter().flat_map(|(_, points)| points).map(|(_, y)| *y).fold(0.0, f64::max);
    let ceiling = round_up(most);
    let (floor, span) = (top + FLOOR, FLOOR - TOP);
    for step in 0..=STEPS {
        let share = step as f64 / STEPS as f64;
        let y = floor - span * share;
        let _ = writeln!(svg, "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{RIGHT}\" y2=\"{y:.1}\"/>");
        text(svg, LEFT - 8.0, y + 4.0, "quiet end", &number(ceiling * share));
    }
    let places: Vec<f64> =
        panel.lines.first().map(|(_, points)| points.iter().map(|(x, _)| *x).collect()).unwrap_or_default();
    let (Some(first), Some(last)) = (places.first(), places.last()) else { return };
    let across = |x: f64| {
        let whole = (last / first).ln();
        let share = if whole > 0.0 { (x / first).ln() / whole } else { 0.5 };
        LEFT + 20.0 + (RIGHT - LEFT - 40.0) * share
    };
    for x in &places {
        text(svg, across(*x), floor + 16.0, "quiet middle", &number(*x));
    }
    text(svg, RIGHT + 8.0, floor + 16.0, "quiet", &panel.axis);
    // Names stand beside the lines' ends, in their order and a line apart.
    let mut ends: Vec<(f64, usize)> = Vec::new();
    for (place, (_, points)) in panel.lines.iter().enumerate() {
        let at = |(x, y): &(f64, f64)| (across(*x), floor - span * y / ceiling);
        let drawn: Vec<(f64, f64)> = points.iter().map(at).collect();
        let path: Vec<String> = drawn.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(svg, "<polyline class=\"l{place}\" points=\"{}\"/>", path.join(" "));
        for (x, y) in &drawn {
            let _ = writeln!(svg, "<circle class=\"l{place}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>");
        }
        ends.extend(drawn.last().map(|(_, y)| (*y, place)));
    }
    ends.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut lowest = f64::INFINITY;
    for (y, place) in ends {
        let y = y.min(lowest - 16.0);
        lowest = y;
        let (name, points) = &panel.lines[place];
        let value = points.last().map(|(_, y)| number(*y)).unwrap_or_default();
        text(svg, RIGHT + 8.0, y + 4.0, "", &format!("{name}: {value}"));
    }
}

/// The next of 1, 2, 4, 5 or 8 times a power of ten: its quarters are short numbers.
fn round_up(most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(most.log10().floor());
    let steps = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0];
    steps.iter().map(|step| step * power).find(|ceiling| *ceiling >= most * 0.999_999).unwrap_or(10.0 * power)
}

/// As short as it can be read: 0.25, 12, 5,000.
fn number(value: f64) -> String {
    if value >= 1000.0 {
        let (thousands, rest) = ((value as u64) / 1000, (value as u64) % 1000);
        return if thousands >= 1000 {
            format!("{},{:03},{rest:03}", thousands / 1000, thousands % 1000)
        } else {
            format!("{thousands},{rest:03}")
        };
    }
    let text = if value < 1.0 { format!("{value:.3}") } else { format!("{value:.1}") };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escaped(content: &str) -> String {
    content.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn text(svg: &mut String, x: f64, y: f64, class: &str, content: &str) {
    let _ = writeln!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(content));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_stand_where_their_values_are() {
        let mut panel = Panel::new("CPU a page, ms", "posts");
        for (x, y) in [(100.0, 0.0), (1000.0, 2.0), (10_000.0, 4.0)] {
            panel.point("a < b", x, y);
        }
        let svg = draw(&[panel], "here");
        assert!(svg.contains("points=\"90.0,196.0 335.0,120.0 580.0,44.0\""), "{svg}");
        assert!(svg.contains(">10,000<") && svg.contains(">a &lt; b: 4<") && svg.contains(">here<"), "{svg}");
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [(0.0, "0"), (0.125, "0.125"), (12.0, "12"), (2.5, "2.5"), (1_000_000.0, "1,000,000")] {
            assert_eq!(number(value), text);
        }
        for (most, ceiling) in [(0.0, 1.0), (0.13, 0.2), (4.0, 4.0), (41.0, 50.0), (900.0, 1000.0)] {
            assert!((round_up(most) - ceiling).abs() < 1e-9, "{most}");
        }
    }
}
