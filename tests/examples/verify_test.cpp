// `verify` as a program; what it compares is tested on the nas floor.
#include "tests/examples/small_runs.h"
#include "tests/support/skip.h"

using namespace nascent::test;
namespace fs = std::filesystem;

namespace {

const fs::path references = fs::path(NASCENT_SOURCE_DIR) / "../shared/data";

void copy_to(const fs::path& from, const fs::path& to) {
  fs::remove_all(to);
  fs::copy(from, to);
}

}  // namespace

TEST_CASE("verify refuses folders that are no references") {
  const TemporaryFolder folder;
  const auto refused = [&](const fs::path& path, int code, const std::string& reason) {
    check_refused(run("verify", {path}), code, "verify: " + path.string(), reason);
  };
  refused(folder / "none", 4, "is not a folder");
  refused(folder.write("file", "x"), 4, "is not a folder");
  fs::create_directory(folder / "empty");
  refused(folder / "empty", 3, "holds neither history.json (a lecture reference) nor values.json");
  for (const char* kind : {"history.json", "values.json"})
    for (const char* text : {"", "no JSON", "[]", "{\"history\": 3}"}) {
      folder.write(std::string(kind) + ".d/" + kind, text);
      const Outcome outcome = run("verify", {folder / (std::string(kind) + ".d")});
      INFO(outcome.err);
      CHECK((outcome.exit_code == 3 || outcome.exit_code == 4));
      CHECK(lines(outcome.err) == 1);
      CHECK_THAT(outcome.err, Catch::Contains(folder.path().string()));
      CHECK(outcome.out.empty());
    }
  check_refused(run("verify", {}), 2, "verify", "missing DIR; see --help");
  check_refused(run("verify", {"a", "b"}), 2, "verify", "unexpected argument 'b'");
}

TEST_CASE("verify prints its quantities as JSON and as a table", "[full]") {
  const fs::path reference = references / "darts-reference";
  if (!fs::exists(reference)) return skip("no ../shared/data/darts-reference");
  const auto verdict = parsed_output(run("verify", {reference, "--json"}));
  CHECK(verdict.at("ok") == true);
  CHECK(verdict.at("quantities").size() >= 5);
  const Outcome table = run("verify", {reference});
  CHECK(table.exit_code == 0);
  CHECK(table.err.empty());
  for (const auto& quantity : verdict.at("quantities")) {
    CHECK(quantity.at("relative_error") <= quantity.at("bound"));
    CHECK_THAT(table.out, Catch::Contains(quantity.at("name").get<std::string>()));
  }
}

TEST_CASE("verify refuses a reference with a missing, cut or empty file", "[full]") {
  const fs::path reference = references / "darts-reference";
  if (!fs::exists(reference)) return skip("no ../shared/data/darts-reference");
  const TemporaryFolder folder;
  const auto copy = folder / "copy";
  // Read at the start, and at the end.
  for (const std::string name : {"inputs.safetensors", "train_gradients.safetensors"}) {
    INFO(name);
    copy_to(reference, copy);
    fs::remove(copy / name);
    check_refused(run("verify", {copy}), 4, "verify: " + (copy / name).string(), "cannot open");
    const std::string whole = contents(reference / name);
    folder.write("copy/" + name, whole.substr(0, whole.size() - 8));
    check_refused(run("verify", {copy}), 3, "verify: " + (copy / name).string(), "safetensors");
    folder.write("copy/" + name, "");
    check_refused(run("verify", {copy}), 3, "verify: " + (copy / name).string(), "");
  }
}
