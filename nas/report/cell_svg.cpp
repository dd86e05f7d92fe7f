#include "nas/report/cell_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "nas/report/html.h"

namespace nascent::nas {
namespace {

// Pixels at natural size. Twelve letters at 12 px in a fixed-width face are 87 px wide.
constexpr int state_width = 64, state_height = 32, label_width = 104, label_height = 22;
constexpr int wide_gap = label_width + 24, narrow_gap = 36, lane_height = 34, margin = 12, title_height = 34;

struct Wire {
  int from, to;                // columns
  std::string label;           // "" for a residual
  int lane = 0;                // 0 on the axis, above it 1, 2, ..., below it -1, -2, ...
  int leaves = 0, enters = 0;  // x where it leaves and enters its states
};

struct Column {
  std::string name, kind;
  int x = 0;  // centre
};

// Shortest first, each wire takes the free lane nearest the axis; a lane is free when no other wire runs in one of the
// same gaps. The axis itself is for neighbours. Above and below fill alternately.
void assign_lanes(std::vector<Wire>& wires) {
  std::vector<Wire*> order;
  for (Wire& wire : wires) order.push_back(&wire);
  std::stable_sort(order.begin(), order.end(),
                   [](const Wire* a, const Wire* b) { return a->to - a->from < b->to - b->from; });
  std::map<int, std::set<int>> taken;  // lane -> gaps; gap g lies right of column g
  bool above_first = true;
  for (Wire* wire : order) {
    const auto free = [&](int lane) {
      if (lane == 0 && wire->to != wire->from + 1) return false;
      for (int gap = wire->from; gap < wire->to; ++gap)
        if (taken[lane].count(gap)) return false;
      return true;
    };
    int lane = 0;
    for (int distance = 0; !free(lane); ++distance) {
      const int first = above_first ? distance : -distance;
      lane = free(first) ? first : -first;
    }
    if (lane != 0) above_first = lane < 0;
    wire->lane = lane;
    for (int gap = wire->from; gap < wire->to; ++gap) taken[lane].insert(gap);
  }
}

// Wires of one side of a state leave from its right half and enter its left half; the outer lane keeps nearer the
// middle, so that two wires of the same state never cross.
void assign_ports(std::vector<Wire>& wires, const std::vector<Column>& columns) {
  for (std::size_t c = 0; c < columns.size(); ++c)
    for (int side : {1, -1})
      for (bool leaving : {true, false}) {
        std::vector<Wire*> here;
        for (Wire& wire : wires)
          if (wire.lane * side > 0 && (leaving ? wire.from : wire.to) == static_cast<int>(c)) here.push_back(&wire);
        std::sort(here.begin(), here.end(),
                  [](const Wire* a, const Wire* b) { return std::abs(a->lane) > std::abs(b->lane); });
        const int count = static_cast<int>(here.size());
        for (int k = 0; k < count; ++k) {
          const int offset = (state_width / 2 - 4) * (k + 1) / (count + 1) + 2;
          const int x = columns[c].x + (leaving ? offset : -offset);
          (leaving ? here[static_cast<std::size_t>(k)]->leaves : here[static_cast<std::size_t>(k)]->enters) = x;
        }
      }
}

std::string family_fill(const std::string& operation) {
  if (operation.find("pool") != std::string::npos) return "#ffe8cc";
  if (operation.find("skip") != std::string::npos) return "#eceff2";
  if (operation.starts_with("dil")) return "#e9e1fb";
  return "#dcebfb";
}

std::string text_at(int x, int y, const std::string& text, const char* more) {
  return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" dominant-baseline=\"central\" {}>{}</text>\n", x,
                     y, more, text);
}

// c_{k-2} with its index set low.
std::string state_label(const std::string& name) {
  const std::size_t index = name.find("_{");
  if (index == std::string::npos) return escape(name);
  return escape(name.substr(0, index)) + "<tspan dy=\"4\" font-size=\"10\">" +
         escape(name.substr(index + 2, name.size() - index - 3)) + "</tspan>";
}

std::string arrow_head(int x, int y, int direction_x, int direction_y) {
  const int bx = x - 8 * direction_x, by = y - 8 * direction_y, sx = 4 * direction_y, sy = 4 * direction_x;
  return fmt::format("<polygon class=\"arrow\" points=\"{},{} {},{} {},{}\" fill=\"#6b7683\"/>\n", x, y, bx + sx,
                     by + sy, bx - sx, by - sy);
}

std::string draw(const std::vector<Column>& columns, const std::vector<Wire>& wires, const std::vector<int>& bus,
                 const std::string& title, const std::string& description) {
  int highest = 0, lowest = 0;
  for (const Wire& wire : wires) {
    highest = std::max(highest, wire.lane);
    lowest = std::max(lowest, -wire.lane);
  }
  if (!bus.empty()) ++lowest;
  const int axis = margin + title_height + std::max(state_height / 2, highest * lane_height + label_height / 2);
  const int width = columns.back().x + state_width / 2 + margin;
  const int height = axis + std::max(state_height / 2, lowest * lane_height + label_height / 2) + margin;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"cell\" role=\"img\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\" "
      "font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"12\">\n"
      "<title>{2}</title>\n<desc>{3}</desc>\n",
      width, height, escape(title), escape(description));
  out += fmt::format(
      "<text class=\"heading\" x=\"{}\" y=\"{}\" font-family=\"system-ui, sans-serif\" font-size=\"15\" "
      "font-weight=\"600\" "
      "fill=\"#6b7683\">{}</text>\n",
      margin, margin + 12, escape(title));
  if (!bus.empty()) {
    const int y = axis + lowest * lane_height, end = columns.back().x;
    const char* style = "fill=\"none\" stroke=\"#b8901e\" stroke-width=\"1.4\" stroke-dasharray=\"5 4\"";
    for (int column : bus)
      out += fmt::format("<path class=\"concat\" d=\"M{},{} V{}\" {}/>\n", columns[static_cast<std::size_t>(column)].x,
                         axis + state_height / 2, y, style);
    out += fmt::format("<path d=\"M{},{} H{} V{}\" {}/>\n",
                       columns[static_cast<std::size_t>(*std::min_element(bus.begin(), bus.end()))].x, y, end,
                       axis + state_height / 2 + 8, style);
    out += fmt::format("<polygon points=\"{0},{1} {2},{3} {4},{3}\" fill=\"#b8901e\"/>\n", end, axis + state_height / 2,
                       end - 4, axis + state_height / 2 + 8, end + 4);
  }
  std::string labels;
  for (const Wire& wire : wires) {
    const Column& from = columns[static_cast<std::size_t>(wire.from)];
    const Column& to = columns[static_cast<std::size_t>(wire.to)];
    const Column& before = columns[static_cast<std::size_t>(wire.to - 1)];
    const int y = axis - wire.lane * lane_height;
    const char* dash = wire.label.empty() ? " stroke-dasharray=\"3 3\"" : "";
    if (wire.lane == 0) {
      out += fmt::format(
          "<path class=\"wire\" d=\"M{},{} H{}\" fill=\"none\" stroke=\"#6b7683\" stroke-width=\"1.6\"{}/>\n",
          from.x + state_width / 2, y, to.x - state_width / 2 - 7, dash);
      out += arrow_head(to.x - state_width / 2, y, 1, 0);
    } else {
      const int up = wire.lane > 0 ? -1 : 1, edge = axis + up * state_height / 2, bend = 9;
      out += fmt::format(
          "<path class=\"wire\" d=\"M{},{} V{} Q{},{} {},{} H{} Q{},{} {},{} V{}\" fill=\"none\" stroke=\"#6b7683\" "
          "stroke-width=\"1.6\"{}/>\n",
          wire.leaves, edge, y - up * bend, wire.leaves, y, wire.leaves + bend, y, wire.enters - bend, wire.enters, y,
          wire.enters, y - up * bend, edge + up * 7, dash);
      out += arrow_head(wire.enters, edge, 0, -up);
    }
    if (wire.label.empty()) continue;
    const int middle = (before.x + to.x) / 2;
    labels += fmt::format(
        "<rect class=\"operation\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"5\" fill=\"{}\" "
        "stroke=\"#6b7683\" "
        "stroke-width=\"0.8\"/>\n",
        middle - label_width / 2, y - label_height / 2, label_width, label_height, family_fill(wire.label));
    labels += text_at(middle, y, escape(wire.label), "fill=\"#1c232b\"");
  }
  out += labels;
  for (const Column& column : columns) {
    const char* fill = column.kind == "input" ? "#b4e2b4" : column.kind == "node" ? "#a9d3ea" : "#eedd94";
    out += fmt::format(
        "<rect class=\"state {}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"9\" fill=\"{}\" stroke=\"#47525d\" "
        "stroke-width=\"0.9\"/>\n",
        column.kind, column.x - state_width / 2, axis - state_height / 2, state_width, state_height, fill);
    out += text_at(column.x, axis, state_label(column.name), "fill=\"#1c232b\" font-size=\"14\"");
  }
  return out + "</svg>\n";
}

// Gaps that hold a label are wide, the others narrow.
void place(std::vector<Column>& columns, const std::vector<Wire>& wires) {
  int x = margin + state_width / 2;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    columns[c].x = x;
    const bool labelled = std::any_of(wires.begin(), wires.end(), [&](const Wire& wire) {
      return !wire.label.empty() && wire.to == static_cast<int>(c) + 1;
    });
    x += state_width + (labelled ? wide_gap : narrow_gap);
  }
}

}  // namespace

std::string state_name(int state) {
  return state == 0 ? "c_{k-2}" : state == 1 ? "c_{k-1}" : std::to_string(state - 2);
}

std::string cell_svg(const std::vector<Gene>& genes, const std::vector<int>& concat, const std::string& title) {
  const int nodes = static_cast<int>(genes.size() / 2);
  std::vector<Column> columns;
  for (int state = 0; state < nodes + 2; ++state) columns.push_back({state_name(state), state < 2 ? "input" : "node"});
  columns.push_back({"c_{k}", "output"});
  std::vector<Wire> wires;
  std::string description = "The output is the concatenation of the nodes";
  for (int state : concat) description.append(" ").append(state_name(state));
  for (std::size_t g = 0; g < genes.size(); ++g) {
    const int target = static_cast<int>(g / 2) + 2;
    wires.push_back({genes[g].from, target, genes[g].operation});
    description += fmt::format("; {} to {}: {}", state_name(genes[g].from), state_name(target), genes[g].operation);
  }
  place(columns, wires);
  assign_lanes(wires);
  assign_ports(wires, columns);
  return draw(columns, wires, concat, title, description + ".");
}

std::string chain_svg(const std::vector<ChainChoice>& edges, const std::string& title) {
  std::vector<Column> columns{{"in", "input"}};
  std::vector<Wire> wires;
  std::string description = "Each edge is added to what it reads";
  for (std::size_t e = 0; e < edges.size(); ++e) {
    const int column = static_cast<int>(e);
    columns.push_back({e + 1 == edges.size() ? "out" : "+", e + 1 == edges.size() ? "output" : "node"});
    wires.push_back({column, column + 1, edges[e].operation});
    wires.push_back({column, column + 1, ""});
    description += fmt::format("; edge {}: {}", e, edges[e].operation);
  }
  place(columns, wires);
  assign_lanes(wires);
  assign_ports(wires, columns);
  return draw(columns, wires, {}, title, description + ".");
}

}  // namespace nascent::nas
