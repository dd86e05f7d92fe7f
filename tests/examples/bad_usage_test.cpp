// Flags that do not go together, folders that cannot be written, runs and references that are none.
#include "tests/examples/small_runs.h"

using namespace nascent::test;
using nlohmann::json;

namespace {

struct Refused {
  Arguments flags;
  std::string reason;
};

// A finished training's report.json.
std::string report_json() {
  const TemporaryFolder out;
  const Outcome outcome =
      run("train", small_run + drawn_images + Arguments{"--genotype", "DARTS_V2", "--quiet", "--out", out / "run"});
  REQUIRE(outcome.exit_code == 0);
  return contents(out / "run/report.json");
}

}  // namespace

TEST_CASE("inspect wants one thing to count, and sizes that are sizes") {
  const std::string image = "option '--image' expects sizes like 3x32x32";
  for (const Refused& c : std::vector<Refused>{
           {{}, "give one of --genotype and --supernet"},
           {{"--genotype", "DARTS_V2", "--supernet", "darts"}, "give one of --genotype and --supernet"},
           {{"--supernet", "dart"}, "did you mean 'darts'?"},
           {{"--supernet", "darts", "--image", "3x32"}, image},
           {{"--supernet", "darts", "--image", "0x0x0"}, image},
           {{"--supernet", "darts", "--image", "3x32x32x1"}, image},
           {{"--supernet", "darts", "--image", "99999x1x1"}, image},
           {{"--supernet", "darts", "--image", "3x-32x32"}, image},
           {{"--supernet", "darts", "--image", "3X32X32"}, image},
           {{"--supernet", "darts", "--image", ""}, image},
           {{"--supernet", "darts", "--channels", "0"}, "option '--channels' expects a whole number from 1 to 1,024"},
           {{"--supernet", "darts", "--layers", "101"}, "option '--layers' expects a whole number from 1 to 100"},
           {{"--supernet", "darts", "--classes", "ten"}, "option '--classes' expects a whole number"}})
    check_refused(run("inspect", c.flags), 2, "inspect", c.reason);
}

TEST_CASE("search and train refuse wrong flags and write nothing") {
  const TemporaryFolder out;
  const auto refused = [&](const std::string& name, const Arguments& flags, const std::string& reason) {
    check_refused(run(name, flags + Arguments{"--quiet", "--out", out / "run"}), 2, name, reason);
    CHECK(out.files() == 0);
  };
  refused("search", {"--epoch", "3"}, "unknown option '--epoch'; did you mean '--epochs'?");
  refused("search", {"--space", "nasbench"}, "option '--space' expects darts or lecture");
  refused("search", {"--preset", "tinny"}, "did you mean 'tiny'?");
  refused("search", {"--order", "third"}, "option '--order' expects first, second or exact");
  refused("search", {"--epochs", "0"}, "option '--epochs' expects");
  refused("search", {"--batch", "1"}, "option '--batch' expects");
  refused("search", {"--limit", "-1"}, "option '--limit' expects");
  refused("search", {"--channels", "2e1"}, "option '--channels' expects");
  for (const char* size : {"2", "G", "-1G", "0M", "1e9", "2GB", "2 G", "nan", "infG"})
    refused("search", {"--memory-limit", size}, "option '--memory-limit' expects a size like 500M or 2G");
  refused("search", {"--layers", "2", "--layers", "2"}, "option '--layers' is given twice");
  refused("search", {"runs/first"}, "unexpected argument 'runs/first'");
  refused("train", {}, "give a --genotype");
  refused("train", {"--genotype", "DARTS_V2", "--drop-path", "1"}, "option '--drop-path' expects a number");
  refused("train", {"--genotype", "DARTS_V2", "--cutout", "-4"}, "option '--cutout' expects");
  refused("train", {"--genotype", "DARTS_V2", "--learning-rate", "nan"}, "option '--learning-rate' expects a number");
  refused("train", {"--genotype", "DARTS_V2", "--auxiliary=yes"}, "option '--auxiliary' takes no value");
}

TEST_CASE("networks that cannot be built are refused before anything is written") {
  const TemporaryFolder out;
  const auto refused = [&](const Arguments& flags, const std::string& reason) {
    check_refused(run("train", flags + Arguments{"--epochs", "1", "--quiet", "--out", out / "run"}), 2, "train",
                  reason);
    CHECK(out.files() == 0);
  };
  const Arguments drawn = {"--genotype", "DARTS_V2", "--channels", "2", "--layers", "2", "--data"};
  refused(drawn + Arguments{"synthetic:1x12x12", "--limit", "32", "--auxiliary"},
          "an auxiliary head needs an image of at least 6x6 at two thirds of the depth, got 3x3");
  refused(drawn + Arguments{"synthetic:1x28x28", "--limit", "9", "--batch", "8", "--auxiliary"},
          "9 images in batches of 8 leave a single one for the last");
}

TEST_CASE("an --out that cannot be a folder is refused before the first step") {
  const TemporaryFolder folder;
  const std::string file = folder.write("file", "mine");
  for (const auto& [name, flags] : std::vector<std::pair<std::string, Arguments>>{
           {"search", small_run + drawn_images},
           {"train", small_run + drawn_images + Arguments{"--genotype", "DARTS_V1"}}})
    for (const std::string& out : {file, file + "/run", std::string("/proc/nascent"), std::string("/dev/null/run")})
      check_refused(run(name, flags + Arguments{"--quiet", "--out", out}), 4, name, out + ": cannot be made a folder");
  CHECK(contents(file) == "mine");
  CHECK(folder.files() == 1);
}

TEST_CASE("bad data leave an earlier run alone") {
  const TemporaryFolder data, out;
  data.write("train-images-idx3-ubyte", "x");
  data.write("train-labels-idx1-ubyte", "x");
  out.write("config.json", "earlier");
  check_refused(run("search", {"--data", data.path(), "--out", out.path()}), 3, "search", "IDX");
  CHECK(out.files() == 1);
  CHECK(contents(out / "config.json") == "earlier");
}

TEST_CASE("report refuses folders that are no runs, and damaged ones") {
  const TemporaryFolder folder;
  const auto page = folder / "page.html", path = folder / "run/report.json";
  const auto refused = [&](const Arguments& runs, int code, const std::string& reason) {
    check_refused(run("report", runs + Arguments{"--out", page}), code, "report", reason);
    CHECK_FALSE(std::filesystem::exists(page));
  };
  refused({folder / "none"}, 4, (folder / "none/report.json").string() + ": cannot be opened");
  refused({folder.path()}, 4, (folder / "report.json").string() + ": cannot be opened");
  check_refused(run("report", {"--out", page}), 2, "report", "missing DIR");

  const std::string whole = report_json();
  const json good = json::parse(whole);
  const auto damaged = [&](const std::string& text) {
    folder.write("run/report.json", text);
    refused({folder / "run"}, 3, path.string() + ": ");
  };
  damaged("");
  damaged("{}");
  damaged("[1, 2]");
  damaged("<html></html>");
  damaged(whole.substr(0, whole.size() / 2));
  const auto changed = [&](const char* pointer, const json& value) {
    INFO(pointer);
    json copy = good;
    copy.at(json::json_pointer(pointer)) = value;
    damaged(copy.dump());
  };
  changed("/title", 3);
  changed("/results", "none");
  changed("/histories/0/epochs/0/epoch", "first");
  changed("/confusion/counts", json::array({json::array({1})}));
  changed("/confusion/classes", json::array());
  changed("/mistakes/0/pixels", json::array({1, 2}));
  changed("/mistakes/0/height", 100000);
  changed("/mistakes/0/width", -1);
  changed("/genotypes/0/derivation/genotype/normal/0/from", 99);
  changed("/genotypes/0/derivation/genotype/normal/0/operation", "x");
  changed("/genotypes/0/derivation/genotype/normal_concat", json::array({-1}));
  folder.write("run/report.json", whole);
  check_refused(run("report", {folder / "run", "--out", folder / "no/page.html"}), 4, "report",
                (folder / "no/page.html").string() + ": cannot write: No such file or directory");
  check_refused(run("report", {folder / "run", "--out", folder.path()}), 4, "report", folder.path().string() + ": ");
  CHECK(run("report", {folder / "run"}).exit_code == 0);
}
