#include "engine/data/cifar.h"

#include <catch2/catch.hpp>

#include "engine/data/load_test.h"
#include "engine/data/load_training.h"
#include "engine/data/normalization.h"
#include "tests/engine/io/temporary_folder.h"
#include "tests/support/reference.h"
#include "tests/support/skip.h"

using namespace nascent;
using namespace nascent::test;

namespace {

// One record: red pixels count up from `start`, green are 100, blue 200.
std::string record(char label, int start) {
  std::string bytes(1, label);
  for (int i = 0; i < 1024; ++i) bytes += static_cast<char>(start + i);
  return bytes + std::string(1024, 100) + std::string(1024, static_cast<char>(200));
}

}  // namespace

TEST_CASE("cifar: planes become pixels, batches follow each other by name", "[cifar]") {
  TemporaryFolder folder;
  folder.write("data_batch_2.bin", record(9, 3));
  folder.write("data_batch_1.bin", record(0, 1) + record(7, 2));
  folder.write("test_batch.bin", record(5, 4));
  const Dataset train = load_training(folder.path()).data;
  CHECK(train.labels == std::vector<std::int32_t>{0, 7, 9});
  CHECK((train.channels == 3 && train.height == 32 && train.width == 32 && train.classes == 10));
  for (int i = 0; i < 3; ++i)
    for (int pixel : {0, 1, 33, 1023}) {
      CHECK(train.image(i)[static_cast<std::size_t>(pixel * 3)] == (i + 1 + pixel) % 256);
      CHECK(train.image(i)[static_cast<std::size_t>(pixel * 3 + 1)] == 100);
      CHECK(train.image(i)[static_cast<std::size_t>(pixel * 3 + 2)] == 200);
    }
  CHECK(train.class_names[7] == "horse");
  CHECK(load_test(folder.path()).data.labels == std::vector<std::int32_t>{5});
}

TEST_CASE("cifar: class names come from batches.meta.txt when it is there", "[cifar]") {
  TemporaryFolder folder;
  folder.write("data_batch_1.bin", record(0, 1));
  const auto meta = folder.write("batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
  CHECK(load_training(folder.path()).data.class_names[9] == "j");
  folder.write("batches.meta.txt", "a\nb\n");
  check_message(message_of<DataError>([&] { load_training(folder.path()); }), meta, "2 class names, expected 10");
}

TEST_CASE("cifar: files that cannot be CIFAR-10 are refused with the reason", "[cifar]") {
  TemporaryFolder folder;
  const auto refused = [&](const std::string& bytes, const std::string& reason) {
    const auto path = folder.write("data_batch_1.bin", bytes);
    check_message(message_of<DataError>([&] { load_training(folder.path()); }), path, reason);
  };
  refused("", "file is empty");
  refused(record(1, 1).substr(1), "3072 bytes is not a multiple of 3073");
  refused(std::string(3074, '\0'), "looks like CIFAR-100");
  refused(record(1, 1) + record(10, 1), "label 10 in record 1 (offset 3073), valid 0..9");
}

TEST_CASE("cifar: the Python version and an archive are named for what they are", "[cifar]") {
  TemporaryFolder folder;
  folder.write("python/data_batch_1", "pickle");
  check_message(message_of<DataError>([&] { load_training(folder / "python"); }), folder / "python",
                "cifar-10-binary.tar.gz");
  const auto archive = folder.write("cifar-10-binary.tar.gz", "x");
  check_message(message_of<DataError>([&] { load_training(archive); }), archive, "Unpack it");
}

TEST_CASE("cifar: a sample of CIFAR-10 loads whole", "[cifar][reference]") {
  const auto folder = reference_folder("cifar-10-sample");
  if (!std::filesystem::exists(folder)) return skip("no " + folder.string());
  const Dataset train = load_training(folder).data, test = load_test(folder).data;
  CHECK(train.size() == 10000);
  CHECK(test.size() == 2000);
  CHECK(train.class_names[0] == "airplane");
  const Normalization statistics = measure(train);
  // Those of the whole of CIFAR-10, as DARTS uses them.
  const double mean[] = {0.49139968, 0.48215827, 0.44653124}, deviation[] = {0.24703233, 0.24348505, 0.26158768};
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(statistics.mean[c] == Approx(mean[c]).margin(0.01));
    CHECK(statistics.deviation[c] == Approx(deviation[c]).margin(0.01));
  }
}
