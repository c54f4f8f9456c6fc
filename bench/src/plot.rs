//! Lines over an axis, in a picture that can be read on light and on dark pages.
//!
//! ```text
//!   growth        posts, people followed or followers: logarithmic, since sizes are ten times one another
//!   percentiles   milliseconds upwards: logarithmic, since a p99 may be ten times a p50; the load across: as it is
//! ```

mod scale;

use std::fmt::Write;

use scale::{Scale, number};

/// Pixels: the picture's width, a panel's height and its place within, and the room for the line that says what was measured.
const WIDTH: f64 = 820.0;
const PANEL: f64 = 230.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 600.0;
const TOP: f64 = 44.0;
const FLOOR: f64 = 196.0;
const BOTTOM: f64 = 30.0;
/// How far the first and the last point stand from the ends of the axis.
const MARGIN: f64 = 20.0;

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
    /// What it shows.
    title: String,
    /// What is counted upwards, for instance `ms`.
    unit: String,
    /// What is counted along the axis.
    axis: String,
    across: Spacing,
    upwards: Spacing,
    /// Names of lines, at most four, with their points, left to right: all have the same places on the axis.
    lines: Vec<(String, Vec<(f64, f64)>)>,
}

/// How values stand apart along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spacing {
    /// As far as they differ.
    Linear,
    /// As many times as one is the other.
    Logarithmic,
}

impl Panel {
    /// How something grows with a size, without a line yet: sizes are spaced by how many times one is the other.
    pub(crate) fn growth(title: impl Into<String>, unit: impl Into<String>, axis: impl Into<String>) -> Self {
        let (across, upwards) = (Spacing::Logarithmic, Spacing::Linear);
        Self { title: title.into(), unit: unit.into(), axis: axis.into(), across, upwards, lines: Vec::new() }
    }

    /// How something spreads at some loads, without a line yet: what takes ten times as long stands as far above as that stands
    /// above its tenth.
    pub(crate) fn spread(title: impl Into<String>, unit: impl Into<String>, axis: impl Into<String>) -> Self {
        let (across, upwards) = (Spacing::Linear, Spacing::Logarithmic);
        Self { title: title.into(), unit: unit.into(), axis: axis.into(), across, upwards, lines: Vec::new() }
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
    let (floor, span) = (top + FLOOR, FLOOR - TOP);
    let values = panel.lines.iter().flat_map(|(_, points)| points).map(|(_, y)| *y);
    let scale = match panel.upwards {
        Spacing::Linear => Scale::linear(values),
        Spacing::Logarithmic => Scale::logarithmic(values),
    };
    let upwards = |value: f64| floor - span * scale.share(value);
    for tick in scale.ticks() {
        let y = upwards(tick);
        let _ = writeln!(svg, "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{RIGHT}\" y2=\"{y:.1}\"/>");
        text(svg, LEFT - 8.0, y + 4.0, "quiet end", &number(tick));
    }
    text(svg, LEFT - 8.0, floor + 16.0, "quiet end", &panel.unit);
    let places: Vec<f64> =
        panel.lines.first().map(|(_, points)| points.iter().map(|(x, _)| *x).collect()).unwrap_or_default();
    let Some(along) = Scale::between(&places, panel.across == Spacing::Logarithmic) else { return };
    let across = |x: f64| LEFT + MARGIN + (RIGHT - LEFT - 2.0 * MARGIN) * along.share(x);
    for x in &places {
        text(svg, across(*x), floor + 16.0, "quiet middle", &number(*x));
    }
    text(svg, RIGHT + 8.0, floor + 16.0, "quiet", &panel.axis);
    // Names stand beside the lines' ends, in their order and a line apart.
    let mut ends: Vec<(f64, usize)> = Vec::new();
    for (place, (_, points)) in panel.lines.iter().enumerate() {
        let at = |(x, y): &(f64, f64)| (across(*x), upwards(*y));
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
        let mut panel = Panel::growth("CPU a page", "ms", "posts");
        for (x, y) in [(100.0, 0.0), (1000.0, 2.0), (10_000.0, 4.0)] {
            panel.point("a < b", x, y);
        }
        let svg = draw(&[panel], "here");
        assert!(svg.contains("points=\"90.0,196.0 335.0,120.0 580.0,44.0\""), "{svg}");
        assert!(svg.contains("<circle class=\"l0\" cx=\"335.0\" cy=\"120.0\" r=\"3\"/>"), "{svg}");
        for shown in [">10,000<", ">a &lt; b: 4<", ">here<", ">ms<", ">posts<", "<title>CPU a page</title>"] {
            assert!(svg.contains(shown), "{shown}: {svg}");
        }
    }

    #[test]
    fn what_is_ten_times_as_long_stands_a_step_higher() {
        let mut panel = Panel::spread("A page", "ms", "% of the highest rate");
        for (load, p50, p99) in [(20.0, 1.0, 10.0), (60.0, 1.0, 10.0), (80.0, 10.0, 100.0)] {
            panel.point("p50", load, p50);
            panel.point("p99", load, p99);
        }
        let svg = draw(&[panel], "");
        // 60 is two thirds of the way from 20 to 80; ten lies in the middle between 1 and 100.
        assert!(svg.contains("class=\"l0\" points=\"90.0,196.0 416.7,196.0 580.0,120.0\""), "{svg}");
        assert!(svg.contains("class=\"l1\" points=\"90.0,120.0 416.7,120.0 580.0,44.0\""), "{svg}");
        assert!(svg.contains("y1=\"120.0\" x2=\"600\" y2=\"120.0\""), "{svg}");
    }

    #[test]
    fn names_that_would_cover_one_another_stand_apart() {
        let mut panel = Panel::growth("", "", "");
        panel.point("one", 1.0, 4.0);
        panel.point("other", 1.0, 4.0);
        let svg = draw(&[panel], "");
        assert!(svg.contains("y=\"48.0\">one: 4<") && svg.contains("y=\"32.0\">other: 4<"), "{svg}");
    }

    #[test]
    fn a_panel_without_points_is_drawn_empty() {
        let svg = draw(&[Panel::growth("nothing", "ms", "posts")], "&");
        assert!(svg.contains(">nothing<") && svg.contains(">&amp;<") && !svg.contains("polyline class"), "{svg}");
    }
}
