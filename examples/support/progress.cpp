#include "examples/support/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <string_view>

#include "examples/support/numbers.h"
#include "examples/support/table.h"

namespace nascent::examples {
namespace {

constexpr double shortest_pause = 0.1;  // seconds between two drawings
constexpr int bar_width = 24;

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Screen standard_screen(bool quiet) {
  if (quiet) return {};
  Screen screen{.out = &std::cerr};
  screen.redraw = isatty(STDERR_FILENO) == 1 && variable("TERM") != "dumb" && !variable("TERM").empty();
  screen.color = screen.redraw && variable("NO_COLOR").empty();
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) screen.columns = size.ws_col;
  return screen;
}

Progress::Progress(std::string label, std::int64_t total, Screen screen, std::int64_t already_done, Clock clock)
    : label_(std::move(label)),
      total_(std::max<std::int64_t>(total, 1)),
      first_(already_done),
      screen_(screen),
      clock_(clock ? std::move(clock) : steady_seconds),
      start_(clock_()),
      last_drawn_(-std::numeric_limits<double>::infinity()) {}

Progress::~Progress() { erase(); }

std::string Progress::drawn(std::int64_t done, double now, const std::string& note) const {
  const double fraction = std::clamp(static_cast<double>(done) / static_cast<double>(total_), 0.0, 1.0);
  const auto filled = static_cast<int>(fraction * bar_width);
  const std::string bar = std::string(static_cast<std::size_t>(filled), '=') + (filled < bar_width ? ">" : "");
  std::string left = "?";
  if (done > first_) {
    left = duration((now - start_) / static_cast<double>(done - first_) * static_cast<double>(total_ - done));
  }
  const std::string before = label_ + " [", after = fmt::format("] {}/{} {:.0f} %  ETA {}", grouped(done),
                                                                grouped(total_), 100 * fraction, left);
  const std::string padded = fmt::format("{:<{}}", bar, bar_width);
  const std::string tail = note.empty() ? after : after + "  " + note;
  // A line longer than the terminal would wrap, and a wrapped line cannot be redrawn.
  if (display_width(before + padded + tail) < screen_.columns) {
    return before + (screen_.color ? "\x1b[32m" + padded + "\x1b[0m" : padded) + tail;
  }
  const std::string brief = fmt::format("{} {:.0f} %  ETA {}", label_, 100 * fraction, left);
  return display_width(brief) < screen_.columns ? brief : fmt::format("{:.0f} %", 100 * fraction);
}

void Progress::advance(std::int64_t done, const std::string& note) {
  if (screen_.out == nullptr || !screen_.redraw) return;
  const double now = clock_();
  if (now - last_drawn_ < shortest_pause) return;
  last_drawn_ = now;
  *screen_.out << '\r' << drawn(done, now, note) << "\x1b[K" << std::flush;
  visible_ = true;
}

void Progress::line(const std::string& text) {
  if (screen_.out == nullptr) return;
  erase();
  *screen_.out << text << std::endl;
  last_drawn_ = -std::numeric_limits<double>::infinity();
}

void Progress::erase() {
  if (!visible_) return;
  *screen_.out << "\r\x1b[K" << std::flush;
  visible_ = false;
}

}  // namespace nascent::examples
