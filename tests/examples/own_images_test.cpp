// A person's own images: every format, odd sizes, and a search that cannot see the test split.
#include "engine/io/image.h"
#include "tests/examples/small_runs.h"

using namespace nascent::test;
namespace fs = std::filesystem;

namespace {

const Arguments quick = {"--channels", "2", "--layers", "2", "--epochs", "1", "--batch", "8", "--quiet", "--json"};

// Searches and trains on the folder and says what is in the way of either.
void check_both(const TemporaryFolder& folder) {
  CHECK_THAT(parsed_output(run("search", quick + Arguments{"--data", folder.path()})).at("genotype").get<std::string>(),
             Catch::StartsWith("Genotype("));
  const auto trained =
      parsed_output(run("train", quick + Arguments{"--genotype", "PC_DARTS_cifar", "--data", folder.path()}));
  CHECK(trained.at("test_accuracy") >= 0);
  CHECK(trained.at("test_accuracy") <= 1);
}

std::string searched_weights(const TemporaryFolder& folder) {
  const TemporaryFolder out;
  const Outcome outcome = run("search", quick + Arguments{"--data", folder.path(), "--out", out / "run"});
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  return contents(out / "run/weights.safetensors");
}

}  // namespace

TEST_CASE("IDX images, also of 27 x 29 pixels with 2 channels") {
  for (const Size& size : {Size{1, 12, 12}, Size{2, 27, 29}}) {
    INFO(size.channels << "x" << size.height << "x" << size.width);
    const TemporaryFolder folder;
    write_idx_training(folder, 32, size);
    write_idx_test(folder, 16, size);
    check_both(folder);
  }
}

TEST_CASE("CIFAR-10's binary files") {
  const TemporaryFolder folder;
  folder.write("data_batch_1.bin", cifar_records(16));
  folder.write("data_batch_2.bin", cifar_records(8));
  folder.write("test_batch.bin", cifar_records(10));
  check_both(folder);
}

TEST_CASE("a folder of images, 27 x 29 pixels, a folder a class") {
  const TemporaryFolder folder;
  for (const char* split : {"train", "test"})
    for (unsigned i = 0; i < 24; ++i) {
      const std::string name = std::string(split) + (i % 2 ? "/cat/" : "/dog/") + std::to_string(i);
      const std::string pixels = speckle(3 * 27 * 29, i);
      if (i % 3)
        folder.write(name + ".ppm", ppm(27, 29, i));
      else
        folder.write(name + ".png", nascent::encode_png({29, 27, 3, {pixels.begin(), pixels.end()}}));
    }
  check_both(folder);
}

TEST_CASE("an odd number of channels works: a reduction doubles them before it halves them") {
  for (const char* channels : {"1", "3"})
    for (const char* layers : {"1", "3", "4"}) {
      INFO(channels << " channels, " << layers << " layers");
      const Arguments odd = {"--channels", channels, "--layers", layers, "--json"};
      CHECK(parsed_output(run("inspect", Arguments{"--supernet", "darts"} + odd)).at("parameters") > 0);
      CHECK(parsed_output(run("inspect", Arguments{"--genotype", "DARTS_V2"} + odd)).at("parameters") > 0);
    }
  CHECK(run("search", {"--channels", "3", "--layers", "3", "--limit", "16", "--batch", "8", "--epochs", "1", "--data",
                       "synthetic:1x8x8"})
            .exit_code == 0);
}

TEST_CASE("a search never opens the test split") {
  const Size size{1, 12, 12};
  const TemporaryFolder none, good, garbage;
  for (const TemporaryFolder* folder : {&none, &good, &garbage}) write_idx_training(*folder, 32, size);
  write_idx_test(good, 16, size);
  for (const char* name : {"t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", "t10k-images-idx3-ubyte.gz"})
    garbage.write(name, "<html>not images</html>");
  const std::string weights = searched_weights(none);
  CHECK(searched_weights(good) == weights);
  CHECK(searched_weights(garbage) == weights);
  // The same garbage stops a training, which does measure on it.
  check_refused(run("train", quick + Arguments{"--genotype", "DARTS_V2", "--data", garbage.path()}), 3, "train",
                garbage / "t10k-images-idx3-ubyte");
}

TEST_CASE("a search of an image folder or CIFAR-10 never opens the test split") {
  const TemporaryFolder images, cifar;
  for (unsigned i = 0; i < 16; ++i)
    images.write(std::string("train/") + (i % 2 ? "cat/" : "dog/") + std::to_string(i) + ".ppm", ppm(12, 12, i));
  images.write("test/cow/damaged.png", "no image");
  cifar.write("data_batch_1.bin", cifar_records(8));
  cifar.write("test_batch.bin", "short");
  for (const TemporaryFolder* folder : {&images, &cifar}) CHECK(searched_weights(*folder).size() > 1000);
}
