#include "bench/roofline/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "bench/roofline/labels.h"
#include "nas/report/numbers.h"

namespace nascent::bench {
namespace {

constexpr double width = 1120, height = 760;
constexpr Box frame{84, 76, 1090, 640};
constexpr const char *ink = "#1c232b", *quiet = "#6b7683", *grid = "#e6eaee";
constexpr const char* colours[] = {"#4c72b0", "#2f9e8f", "#dd8452", "#c44e52", "#8172b3", "#937860",
                                   "#da8bc3", "#64a33b", "#b8901e", "#3c3f45", "#37a2c4", "#7a1f5c",
                                   "#1f4e2e", "#8c2d04", "#5c5cd6", "#a3a33b", "#00695c"};

// A logarithmic axis between two pixels.
struct Axis {
  double least, most, from, to;
  double operator()(double value) const {
    return from + (to - from) * std::log(value / least) / std::log(most / least);
  }
};

std::string label_of(double value) {
  return value < 1 ? fmt::format("1/{:.0f}", 1 / value) : fmt::format("{:.0f}", value);
}

std::string text(double x, double y, const std::string& words, const char* attributes) {
  return fmt::format("<text x='{:.1f}' y='{:.1f}' {}>{}</text>\n", x, y, attributes, words);
}

std::string line(double x1, double y1, double x2, double y2, const char* colour, double thickness) {
  return fmt::format("<path d='M{:.1f},{:.1f} L{:.1f},{:.1f}' stroke='{}' stroke-width='{}'/>\n", x1, y1, x2, y2,
                     colour, thickness);
}

std::string mark(Face face, double x, double y, const char* colour) {
  const std::string paint = fmt::format("fill='{}' stroke='#fff' stroke-width='1.2'", colour);
  switch (face) {
    case Face::forward:
      return fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='5.6' {}/>\n", x, y, paint);
    case Face::input_grad:
      return fmt::format("<polygon points='{:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f}' {}/>\n", x, y - 6.6, x - 6,
                         y + 4.6, x + 6, y + 4.6, paint);
    case Face::backward:
      return fmt::format("<polygon points='{:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f}' {}/>\n", x, y - 6.6,
                         x + 6.6, y, x, y + 6.6, x - 6.6, y, paint);
    default:
      return fmt::format("<rect x='{:.1f}' y='{:.1f}' width='10' height='10' {}/>\n", x - 5, y - 5, paint);
  }
}

// The faces of one kernel: nearly one intensity, a point each.
struct Kind {
  std::string name;
  const char* colour = nullptr;
  std::vector<const Measured*> faces = {};
  double shift = 0;  // pixels to the right of where it belongs

  double intensity() const {
    double logs = 0;
    for (const Measured* face : faces) logs += std::log(face->intensity());
    return std::exp(logs / static_cast<double>(faces.size()));
  }
};

std::vector<Kind> kinds_of(const std::vector<Measured>& points, const Axis& x) {
  std::vector<Kind> kinds;
  for (const Measured& point : points) {
    auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& k) { return k.name == point.kernel.kind; });
    if (kind == kinds.end())
      kind = kinds.insert(kinds.end(), {point.kernel.kind, colours[kinds.size() % std::size(colours)]});
    kind->faces.push_back(&point);
  }
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const Kind& a, const Kind& b) { return a.intensity() < b.intensity(); });
  constexpr double beside = 15;
  for (std::size_t first = 0, next = 0; first < kinds.size(); first = next) {
    for (next = first + 1; next < kinds.size();) {
      if (x(kinds[next].intensity()) - x(kinds[first].intensity()) >= beside) break;
      ++next;
    }
    for (std::size_t i = first; i < next; ++i)
      kinds[i].shift = beside * (static_cast<double>(i - first) - static_cast<double>(next - first - 1) / 2);
  }
  return kinds;
}

std::string grid_and_axes(const Axis& x, const Axis& y) {
  std::string out;
  for (double v = x.least; v <= x.most * 1.001; v *= 2)
    out += line(x(v), frame.top, x(v), frame.bottom, grid, 1) +
           text(x(v), frame.bottom + 20, label_of(v), "text-anchor='middle' class='tick'");
  for (double v = y.least; v <= y.most * 1.001; v *= 2)
    out += line(frame.left, y(v), frame.right, y(v), grid, 1) +
           text(frame.left - 10, y(v) + 4, label_of(v), "text-anchor='end' class='tick'");
  out += text((frame.left + frame.right) / 2, frame.bottom + 44, "operations a byte that must be moved",
              "text-anchor='middle' class='axis'");
  out += fmt::format(
      "<text transform='translate(28 {:.0f}) rotate(-90)' text-anchor='middle' class='axis'>GFLOP/s</text>\n",
      (frame.top + frame.bottom) / 2);
  return out;
}

struct Point {
  double x, y;
};

// Where a kind's marks stand, the highest first.
std::vector<Point> points_of(const Kind& kind, const Axis& x, const Axis& y) {
  std::vector<Point> at;
  for (const Measured* face : kind.faces) at.push_back({x(face->intensity()) + kind.shift, y(face->flops() / 1e9)});
  std::sort(at.begin(), at.end(), [](const Point& a, const Point& b) { return a.y < b.y; });
  return at;
}

// Boxes that cover slanted words, about 7.2 pixels a letter, from `start` on.
std::vector<Box> boxes_of(const std::string& words, const Point& start, double direction) {
  std::vector<Box> boxes;
  for (double t = 0; t < 7.2 * static_cast<double>(words.size()); t += 8) {
    const double x = start.x + t * std::cos(direction), y = start.y - t * std::sin(direction);
    boxes.push_back({x - 4, y - 14, x + 10, y + 6});
  }
  return boxes;
}

// A roof's name, above it where it rises from `from` to `to`: as far left as nothing stands there.
std::string roof_name(const std::string& words, const Point& from, const Point& to, LabelPlaces& places) {
  constexpr double margin = 18, step = 6, above = 8;
  const double slope = (from.y - to.y) / (to.x - from.x), direction = std::atan(slope);
  const auto start_at = [&](double along) { return Point{from.x + along, from.y - along * slope - above}; };
  const auto covered = [&](double along) { return boxes_of(words, start_at(along), direction); };
  double along = margin;
  while (from.x + along < to.x && !places.are_free(covered(along))) along += step;
  if (from.x + along >= to.x) along = margin;
  for (const Box& box : covered(along)) places.occupy(box);
  const Point start = start_at(along);
  return fmt::format("<text transform='translate({:.1f} {:.1f}) rotate({:.1f})' class='roof'>{}</text>\n", start.x,
                     start.y, -direction * 180 / std::numbers::pi, words);
}

std::string roofs(const Machine& machine, const Axis& x, const Axis& y, LabelPlaces& places) {
  std::string out;
  const double peak = machine.flops / 1e9;
  double first_ridge = x.most;
  std::vector<Box> lines;  // no label across a roof, but a name may lie on the next one
  for (const MemoryLevel& level : machine.levels) {
    const double bandwidth = level.copy() / 1e9, ridge = std::min(peak / bandwidth, x.most);
    const double left = std::max(x.least, y.least / bandwidth);
    const Point from{x(left), y(left * bandwidth)}, to{x(ridge), y(ridge * bandwidth)};
    first_ridge = std::min(first_ridge, ridge);
    out += line(from.x, from.y, to.x, to.y, quiet, 1.6);
    out += roof_name(fmt::format("{} {:.0f} GB/s", level.name, bandwidth), from, to, places);
    for (double t = 0; t <= 1; t += 0.01) {
      const double at_x = std::lerp(from.x, to.x, t), at_y = std::lerp(from.y, to.y, t);
      lines.push_back({at_x - 3, at_y - 3, at_x + 3, at_y + 3});
    }
  }
  for (const Box& box : lines) places.occupy(box);
  const double corner = x(first_ridge), roof = y(peak);
  out += line(corner, roof, frame.right, roof, ink, 2.2);
  out += text(corner + 4, roof - 9, fmt::format("peak {:.0f} GFLOP/s", peak), "class='roof'");
  places.occupy({corner, roof - 3, frame.right, roof + 3});
  places.occupy({corner, roof - 24, corner + 140, roof});
  return out;
}

std::string marks_and_labels(const std::vector<Kind>& kinds, const Axis& x, const Axis& y, LabelPlaces& places) {
  std::string wires, marks, labels;
  for (const Kind& kind : kinds) {
    const std::vector<Point> at = points_of(kind, x, y);
    wires += line(at.front().x, at.front().y, at.back().x, at.back().y, kind.colour, 1.2);
    for (const Measured* face : kind.faces)
      marks += mark(face->kernel.face, x(face->intensity()) + kind.shift, y(face->flops() / 1e9), kind.colour);
    const Box box = places.place((at.front().x + at.back().x) / 2, at.front().y - 6, at.back().y + 6,
                                 7.0 * static_cast<double>(kind.name.size()) + 6, 16);
    const bool above = box.bottom < at.front().y;
    const Point near = above ? at.front() : at.back();
    const Point label{(box.left + box.right) / 2, above ? box.bottom - 1 : box.top + 1};
    if (std::abs(label.y - near.y) > 18 || std::abs(label.x - near.x) > 20)
      wires += line(label.x, label.y, near.x, near.y, kind.colour, 0.7);
    labels += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle' class='kind' fill='{}'>{}</text>\n",
                          label.x, box.bottom - 4, kind.colour, kind.name);
  }
  return wires + marks + labels;
}

std::string legend() {
  std::string out;
  double at = frame.left;
  for (const Face face : {Face::forward, Face::input_grad, Face::weight_grad, Face::backward}) {
    out += mark(face, at + 6, 723, quiet) + text(at + 18, 727, name(face), "class='tick'");
    at += 130;
  }
  return out + text(frame.right, 727,
                    "Roofs: bytes a copy reads and writes. Kinds of one intensity stand side by side.",
                    "text-anchor='end' class='tick'");
}

}  // namespace

std::string roofline_svg(const Machine& machine, const std::vector<Measured>& points, const std::string& title) {
  double least_x = 0.25, most_x = 16, least_y = 8;
  for (const Measured& point : points) {
    least_x = std::min(least_x, point.intensity() / 1.5);
    most_x = std::max(most_x, point.intensity() * 1.5);
    least_y = std::min(least_y, point.flops() / 1e9 / 1.3);
  }
  const auto floor2 = [](double v) { return std::exp2(std::floor(std::log2(v))); };
  const auto ceil2 = [](double v) { return std::exp2(std::ceil(std::log2(v))); };
  const Axis x{floor2(least_x), ceil2(most_x), frame.left, frame.right};
  const Axis y{floor2(least_y), ceil2(machine.flops / 1e9 * 1.2), frame.bottom, frame.top};
  LabelPlaces places(frame);
  std::string out = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' role='img' viewBox='0 0 {0} {1}' width='{0}' height='{1}' "
      "font-family='system-ui, DejaVu Sans, sans-serif' fill='{2}'>\n<title>{3}</title>\n"
      "<style>.tick{{font-size:12px;fill:{4}}} .axis{{font-size:13px;fill:{4}}} "
      ".roof{{font-size:12px;font-weight:600}} "
      ".kind{{font-size:12px;font-weight:600;paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}}"
      "</style>\n<rect width='100%' height='100%' fill='#fff'/>\n",
      width, height, ink, title, quiet);
  out += text(frame.left, 34, title, "font-size='18' font-weight='600'");
  out += text(frame.left, 56,
              fmt::format("{}, {}, {}", machine.processor, machine.isa, nas::counted(machine.threads, "thread")),
              "class='axis'");
  const std::vector<Kind> kinds = kinds_of(points, x);
  for (const Kind& kind : kinds)
    for (const Point& p : points_of(kind, x, y)) places.occupy({p.x - 8, p.y - 8, p.x + 8, p.y + 8});
  out += grid_and_axes(x, y) + roofs(machine, x, y, places);
  out += marks_and_labels(kinds, x, y, places) + legend();
  return out + "</svg>\n";
}

}  // namespace nascent::bench
