// The counts of `inspect`, to the digit, as the papers' own code gives them.
#include "tests/examples/small_runs.h"

using namespace nascent::test;

namespace {

struct Counted {
  Arguments flags;
  std::int64_t parameters, macs;
};

}  // namespace

TEST_CASE("inspect counts parameters and multiply-adds") {
  const std::vector<Counted> cases = {
      {{"--genotype", "DARTS_V2"}, 3349342, 528359040},
      {{"--supernet", "darts"}, 1930618, 300255744},
      {{"--supernet", "darts", "--image", "1x28x28", "--channels", "4", "--layers", "3"}, 72638, 11685376},
  };
  for (const Counted& c : cases) {
    const auto counts = parsed_output(run("inspect", c.flags + Arguments{"--json"}));
    CHECK(counts.at("parameters") == c.parameters);
    CHECK(counts.at("macs") == c.macs);
    const Outcome table = run("inspect", c.flags);
    CHECK(table.exit_code == 0);
    CHECK(table.err.empty());
    std::string digits = table.out;
    std::erase(digits, ',');
    CHECK_THAT(digits, Catch::Contains(std::to_string(c.parameters)) && Catch::Contains(std::to_string(c.macs)));
  }
}

TEST_CASE("inspect takes a genotype as name, text or file") {
  const TemporaryFolder folder;
  const Arguments small = {"--channels", "4", "--layers", "3", "--json"};
  const auto counts = [&](const std::string& genotype) {
    return parsed_output(run("inspect", Arguments{"--genotype", genotype} + small));
  };
  const auto expected = counts(genotype_text);
  CHECK(expected.at("parameters") > 0);
  CHECK(expected != counts("DARTS_V2"));
  CHECK(counts(folder.write("genotype.txt", genotype_text)) == expected);
  CHECK(counts(folder.write("with a blank", "\n " + genotype_text + "\n\n")) == expected);
  CHECK(counts(folder.write("g.json",
                            R"({"normal":[["sep_conv_3x3",1],["skip_connect",0],["dil_conv_5x5",2],["max_pool_3x3",1],)"
                            R"(["avg_pool_3x3",3],["sep_conv_5x5",0],["dil_conv_3x3",4],["skip_connect",2]],)"
                            R"("normal_concat":[2,3,4,5],)"
                            R"("reduce":[["max_pool_3x3",0],["avg_pool_3x3",1],["skip_connect",2],["sep_conv_3x3",1],)"
                            R"(["dil_conv_3x3",0],["skip_connect",1],["sep_conv_5x5",3],["dil_conv_5x5",4]],)"
                            R"("reduce_concat":[2,3,4,5]})")) == expected);
}

TEST_CASE("inspect counts for any image, also odd ones of two channels") {
  for (const char* image : {"1x28x28", "2x27x29", "3x32x32", "1x1x1"}) {
    INFO(image);
    const Arguments small = {"--channels", "2", "--layers", "3", "--image", image, "--classes", "7", "--json"};
    const auto network = parsed_output(run("inspect", Arguments{"--genotype", "DARTS_V1"} + small));
    const auto supernet = parsed_output(run("inspect", Arguments{"--supernet", "darts"} + small));
    CHECK(supernet.at("parameters") > network.at("parameters"));
    CHECK(supernet.at("macs") > network.at("macs"));
    CHECK(supernet.at("alphas") == 2 * 14 * 8);
  }
}
