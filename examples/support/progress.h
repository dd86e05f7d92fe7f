#pragma once
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

namespace nascent::examples {

// Where progress goes. On a terminal a bar is redrawn in place; anywhere else only whole lines are printed.
struct Screen {
  std::ostream* out = nullptr;  // null: nothing is shown
  bool redraw = false;
  bool color = false;
  int columns = 80;
};

// Standard error; `quiet` shows nothing. TERM=dumb has no bar, NO_COLOR no colour (no-color.org).
Screen standard_screen(bool quiet);

// A bar with the time left, drawn at most ten times a second; it erases itself when it goes out of scope.
//   Progress progress("epoch 3/50", batches, standard_screen(common.quiet));
//   for (...) progress.advance(batch + 1, "412 images/s");
//   progress.line("epoch 3: train loss 0.61 ...");
class Progress {
 public:
  using Clock = std::function<double()>;  // seconds, steady

  // `already_done` of `total` steps were done before this run: they say nothing about its speed.
  Progress(std::string label, std::int64_t total, Screen screen, std::int64_t already_done = 0, Clock clock = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of `total` steps are behind us; `note` stands at the end of the bar.
  void advance(std::int64_t done, const std::string& note = "");
  void label(std::string label) { label_ = std::move(label); }
  // A line that stays, above the bar.
  void line(const std::string& text);
  void erase();

 private:
  std::string drawn(std::int64_t done, double now, const std::string& note) const;

  std::string label_;
  std::int64_t total_, first_;
  Screen screen_;
  Clock clock_;
  double start_, last_drawn_;
  bool visible_ = false;
};

}  // namespace nascent::examples
