// Genotypes that are none: exit code 3 for text, 4 for a missing file, 2 for an unknown name.
#include "tests/examples/small_runs.h"

using namespace nascent::test;

namespace {

std::string replaced(const std::string& from, const std::string& to) {
  std::string text = genotype_text;
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

struct Malformed {
  std::string text, reason;
};

}  // namespace

TEST_CASE("malformed genotypes are refused with what is wrong and where") {
  const std::vector<Malformed> cases = {
      {"Genotype(", "expected a field"},
      {"Genotype()", "is missing"},
      {genotype_text.substr(0, genotype_text.size() - 1), "at character"},
      {genotype_text.substr(0, genotype_text.size() / 2), "at character"},
      {genotype_text + ")", "expected nothing after the closing ')'"},
      {genotype_text + genotype_text, "expected nothing after"},
      {replaced("sep_conv_3x3", "sep_conv_7x7"), "sep_conv_7x7"},
      {replaced("sep_conv_3x3", "sep_conv_3x4"), "sep_conv_3x3"},
      {replaced("sep_conv_3x3", "none"), "none"},
      {replaced("sep_conv_3x3", ""), "operation"},
      {replaced("'sep_conv_3x3'", "sep_conv_3x3"), "in quotes"},
      {replaced("'sep_conv_3x3', 1", "'sep_conv_3x3', 2"), "node 0 can read states 0 to 1, got 2"},
      {replaced("'sep_conv_3x3', 1", "'sep_conv_3x3', -1"), "got -1"},
      {replaced("'sep_conv_3x3', 1", "'sep_conv_3x3', 1.5"), "expected ')'"},
      {replaced("'sep_conv_3x3', 1", "'sep_conv_3x3', one"), "whole number"},
      {replaced("'sep_conv_3x3', 1", "'sep_conv_3x3', 99999999999999999999"), "too large a number"},
      {replaced("('sep_conv_3x3', 1), ", ""), "node 0 can read states 0 to 1, got 2"},
      {replaced(", ('skip_connect', 2)], normal_concat", "], normal_concat"), "normal has 7 genes"},
      {replaced(", ('max_pool_3x3', 1), ", ", ()"), "in quotes"},
      {replaced("('sep_conv_3x3', 1)", "('sep_conv_3x3')"), "expected ','"},
      {replaced("range(2, 6)", "range(2, 7)"), "normal_concat"},
      {replaced("range(2, 6)", "range(2, 2)"), "names no usable states"},
      {replaced("range(2, 6)", "range(0, 2000000000)"), "names no usable states"},
      {replaced("range(2, 6)", "[]"), "normal_concat"},
      {replaced("range(2, 6)", "[2, 2]"), "normal_concat"},
      {replaced("range(2, 6)", "every"), "expected range(2, 6) or a list"},
      {replaced("reduce=", "normal="), "given twice"},
      {replaced("reduce=", "reduced="), "unknown field 'reduced'"},
      {replaced("normal=[", "normal=[" + std::string(70'000, ' ')), "too long"},
      {"{}", "all of normal, normal_concat, reduce"},
      {"{\"normal\": 3", "not well-formed JSON"},
      {"{\"space\":\"lecture\",\"cells\":[]}", "expected \"space\": \"darts\""},
      {"[[[[[[[[", "expected"},
      {"", "empty"},
      {" \n", "empty"},
      {std::string("Genotype(\0", 10), "byte 0x00"},
      {"<html></html>", "expected 'Genotype(' or JSON"},
      {"ChainArchitecture(cells=[])", "an architecture of the lecture space"},
  };
  const TemporaryFolder folder;
  for (const Malformed& c : cases) {
    const auto file = folder.write("bad genotype.txt", c.text);
    check_refused(run("inspect", {"--genotype", file}), 3, "inspect: " + file.string(), c.reason);
    // What begins like a genotype need not stand in a file.
    if (c.text.starts_with("Genotype(") && c.text.size() < 2000 && c.text.find('\0') == std::string::npos)
      check_refused(run("inspect", {"--genotype", c.text}), 3, "inspect: genotype", c.reason);
  }
}

TEST_CASE("a genotype that cannot be found is told from one that is not known") {
  const TemporaryFolder folder;
  check_refused(run("inspect", {"--genotype", folder / "none.txt"}), 4, "inspect",
                (folder / "none.txt").string() + ": no such file");
  check_refused(run("inspect", {"--genotype", "none.json"}), 4, "inspect", "none.json: no such file");
  check_refused(run("inspect", {"--genotype", folder.path()}), 4, "inspect",
                folder.path().string() + ": is a directory");
  check_refused(run("inspect", {"--genotype", "DARTS_V3"}), 2, "inspect", "Did you mean 'DARTS_V");
  check_refused(run("inspect", {"--genotype", "darts"}), 2, "inspect", "The published names are DARTS_V1, DARTS_V2");
  check_refused(run("inspect", {"--genotype", std::string(5000, 'a')}), 2, "inspect", "not a published name");
  check_refused(run("inspect", {"--genotype", "/dev/zero"}), 3, "inspect", "/dev/zero: 65537 bytes are too long");
}

TEST_CASE("train refuses a genotype before it writes") {
  const TemporaryFolder out;
  const auto refused = [&](const std::string& genotype, int code, const std::string& reason) {
    check_refused(run("train", small_run + drawn_images + Arguments{"--genotype", genotype, "--out", out / "run"}),
                  code, "train", reason);
    CHECK(out.files() == 0);
  };
  refused(replaced("sep_conv_3x3", "sep_conv_9x9"), 3, "sep_conv_9x9");
  refused("nowhere.txt", 4, "no such file");
  refused("DARTS_V7", 2, "not a published name");
}
