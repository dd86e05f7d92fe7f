#include "examples/support/progress.h"

#include <catch2/catch.hpp>
#include <sstream>

using namespace nascent::examples;

namespace {

struct Stage {
  double now = 100;
  std::ostringstream out;
  Screen screen{.out = &out, .redraw = true, .color = false, .columns = 100};
  Progress progress(std::int64_t total, std::int64_t already_done = 0) {
    return {"search", total, screen, already_done, [this] { return now; }};
  }
  std::string taken() {
    const std::string text = out.str();
    out.str("");
    return text;
  }
};

}  // namespace

TEST_CASE("the bar tells the time left from the speed so far") {
  Stage stage;
  Progress progress = stage.progress(100);
  progress.advance(0);
  CHECK(stage.taken() == "\rsearch [>                       ] 0/100 0 %  ETA ?\x1b[K");
  stage.now += 10;
  progress.advance(25, "7 images/s");
  CHECK(stage.taken() == "\rsearch [======>                 ] 25/100 25 %  ETA 30.0 s  7 images/s\x1b[K");
  stage.now += 30;
  progress.advance(100);
  CHECK(stage.taken() == "\rsearch [========================] 100/100 100 %  ETA 0.00 s\x1b[K");
}

TEST_CASE("steps done before a resumed run say nothing about its speed") {
  Stage stage;
  Progress progress = stage.progress(100, 50);
  stage.now += 10;
  progress.advance(60);
  CHECK_THAT(stage.taken(), Catch::Contains("60 %  ETA 40.0 s"));
}

TEST_CASE("the bar is drawn ten times a second at most") {
  Stage stage;
  Progress progress = stage.progress(1000);
  int drawn = 0;
  for (int i = 0; i < 1000; ++i, stage.now += 0.001) {
    progress.advance(i);
    drawn += !stage.taken().empty();
  }
  CHECK(drawn >= 9);
  CHECK(drawn <= 11);
}

TEST_CASE("lines stand above the bar, and the bar goes away at the end") {
  Stage stage;
  {
    Progress progress = stage.progress(4);
    progress.advance(1);
    stage.taken();
    progress.line("epoch 1");
    CHECK(stage.taken() == "\r\x1b[Kepoch 1\n");
    progress.advance(2);
    stage.taken();
  }
  CHECK(stage.taken() == "\r\x1b[K");
}

TEST_CASE("a narrow terminal gets a shorter bar, never a wrapped one") {
  for (const int columns : {10, 30, 50, 80}) {
    Stage stage;
    stage.screen.columns = columns;
    Progress progress = stage.progress(4);
    stage.now += 1;
    progress.advance(1, "a note");
    const std::string text = stage.taken();
    CHECK(text.size() - std::string("\r\x1b[K").size() < static_cast<std::size_t>(columns));
    CHECK_THAT(text, Catch::Contains("25 %"));
  }
}

TEST_CASE("elsewhere than on a terminal only lines are printed, and nothing when quiet") {
  Stage stage;
  stage.screen.redraw = false;
  {
    Progress progress = stage.progress(4);
    progress.advance(1);
    progress.line("epoch 1");
  }
  CHECK(stage.taken() == "epoch 1\n");
  Progress quiet("search", 4, {});
  quiet.advance(1);
  quiet.line("epoch 1");
  CHECK(standard_screen(true).out == nullptr);
}
