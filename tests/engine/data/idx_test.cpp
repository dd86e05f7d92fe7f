#include "engine/data/idx.h"

#include <catch2/catch.hpp>

#include "engine/data/load_test.h"
#include "engine/data/load_training.h"
#include "engine/data/normalization.h"
#include "tests/engine/data/idx_files.h"
#include "tests/engine/io/temporary_folder.h"

using namespace nascent;
using namespace nascent::test;

namespace {

std::string six_images() { return idx({6, 2, 3}, counting(36)); }
std::string six_labels() { return idx({6}, std::string("\0\1\2\3\4\5", 6)); }

}  // namespace

TEST_CASE("idx: images and labels come back, plain and gzipped, under every name", "[idx]") {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"}, {"train-images.idx3-ubyte", "train-labels.idx1-ubyte"}};
  for (const auto& [images, labels] : names)
    for (const bool packed : {false, true}) {
      TemporaryFolder folder;
      const std::string ending = packed ? ".gz" : "";
      folder.write(images + ending, packed ? gzip(six_images()) : six_images());
      folder.write(labels + ending, packed ? gzip(six_labels()) : six_labels());
      const Dataset data = load_training(folder.path()).data;
      CHECK(data.size() == 6);
      CHECK(data.channels == 1);
      CHECK(data.height == 2);
      CHECK(data.width == 3);
      CHECK(data.classes == 10);
      CHECK(data.class_names.size() == 10);
      CHECK(std::string(data.pixels.begin(), data.pixels.end()) == counting(36));
      CHECK(data.labels == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5});
      CHECK(data.image(5)[0] == 30);
    }
}

TEST_CASE("idx: colour images have four axes; classes.txt names other classes", "[idx]") {
  TemporaryFolder folder;
  folder.write("train-images-idx4-ubyte", idx({2, 2, 2, 3}, counting(24)));
  folder.write("train-labels-idx1-ubyte", idx({2}, "\x01\x0b"));
  CHECK_THROWS_AS(load_training(folder.path()), DataError);
  std::string names;
  for (char c = 'a'; c < 'a' + 12; ++c) names += std::string(1, c) + "\r\n";
  folder.write("classes.txt", names);
  const Dataset data = load_training(folder.path()).data;
  CHECK(data.channels == 3);
  CHECK(data.classes == 12);
  CHECK(data.class_names[11] == "l");
  CHECK(data.labels == std::vector<std::int32_t>{1, 11});
  CHECK(data.image(1)[4] == 16);
}

TEST_CASE("idx: files that cannot be images are refused with the reason", "[idx]") {
  TemporaryFolder folder;
  const auto refused = [&](const std::string& bytes, const std::string& reason, IdxKind kind = IdxKind::images) {
    const auto plain = folder.write("plain", bytes);
    check_message(message_of<DataError>([&] { read_idx(plain, kind); }), plain, reason);
    const auto packed = folder.write("packed.gz", gzip(bytes));
    check_message(message_of<DataError>([&] { read_idx(packed, kind); }), packed, reason);
  };
  const std::string good = six_images();
  refused("", "file is empty");
  refused("abc", "ends inside its IDX header, after 3 bytes");
  refused(good.substr(0, 10), "ends inside its IDX header, after 10 of 16 bytes");
  refused(six_labels(), "bad IDX magic 0x00000801 (labels) where 0x00000803 (images) was expected: image and label");
  refused(good, "bad IDX magic 0x00000803 (images) where 0x00000801 (labels) was expected", IdxKind::labels);
  refused(idx({2, 2, 3}, std::string(48, '\0'), 0x0D), "type 0x0d, only unsigned bytes (0x08) are read");
  refused("abcdefghijklmnop", "bad IDX magic 0x61626364");
  refused("<html><body>404 Not Found</body></html>", "looks like a web page");
  refused(idx({0, 2, 3}, ""), "header claims 0x2x3: it holds nothing");
  refused(idx({0}, ""), "holds nothing", IdxKind::labels);
  refused(idx({5, 0, 3}, ""), "header claims 5x0x3 bytes of payload");
  refused(idx({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, ""), "header claims 4294967295x4294967295x4294967295");
  refused(idx({0xFFFFFFFF, 60000, 60000}, "x"), "the limits are 65535 a side and 2^34 bytes");
  refused(idx({0x10000, 0x10000, 0x10000}, "x"), "2^34 bytes");
  refused(idx({1, 65536, 1}, std::string(65536, 'x')), "65535 a side");
  // 16 GB promised by 17 bytes: refused without taking them.
  refused(idx({0x4000000, 16, 16}, "x"), "header says 67108864x16x16 = 17179869184 bytes, payload has 1 (");
  refused(good.substr(0, good.size() - 1), "header says 6x2x3 = 36 bytes, payload has 35 (1 item too few)");
  refused(good.substr(0, good.size() - 13), "payload has 23 (3 items too few)");
}

TEST_CASE("idx: more payload than the header promises is refused", "[idx]") {
  TemporaryFolder folder;
  const auto plain = folder.write("plain", six_images() + "1234567");
  check_message(message_of<DataError>([&] { read_idx(plain, IdxKind::images); }), plain,
                "payload has 43 (2 items too many)");
  const auto packed = folder.write("packed.gz", gzip(six_images() + "1234567"));
  check_message(message_of<DataError>([&] { read_idx(packed, IdxKind::images); }), packed,
                "unpacks to more than the 52 bytes it should hold");
}

TEST_CASE("idx: damaged gzip is told as such", "[idx]") {
  TemporaryFolder folder;
  const std::string packed = gzip(six_images());
  const auto refused = [&](const std::string& bytes, const std::string& reason) {
    const auto path = folder.write("a.gz", bytes);
    check_message(message_of<DataError>([&] { read_idx(path, IdxKind::images); }), path, reason);
  };
  refused(packed.substr(0, packed.size() - 20), "compressed data ends early");
  refused(packed.substr(0, packed.size() - 8), "checksum and length at its end are missing");
  refused("<html>", "looks like a web page");
  refused("", "file is empty");
  refused(six_images(), "not gzip");
  refused(packed + "x", "1 unexpected bytes");
}

TEST_CASE("idx: images and labels must belong together", "[idx]") {
  TemporaryFolder folder;
  folder.write("train-images-idx3-ubyte", six_images());
  CHECK(message_of<DataError>([&] { load_training(folder.path()); }).find("no train-labels-idx1-ubyte") !=
        std::string::npos);
  const auto labels = folder.write("train-labels-idx1-ubyte", idx({5}, "\1\2\3\4\5"));
  check_message(message_of<DataError>([&] { load_training(folder.path()); }), labels, "5 labels for 6 images");
  folder.write("train-labels-idx1-ubyte", idx({6}, "\1\2\3\4\x0a\5"));
  check_message(message_of<DataError>([&] { load_training(folder.path()); }), labels,
                "label 10 at index 4, valid 0..9");
}

TEST_CASE("idx: training and test files are told apart, and neither opens the other's", "[idx]") {
  TemporaryFolder folder;
  folder.write("train-images-idx3-ubyte", six_images());
  folder.write("train-labels-idx1-ubyte", six_labels());
  folder.write("t10k-images-idx3-ubyte", "not images");
  folder.write("t10k-labels-idx1-ubyte", "not labels");
  CHECK(load_training(folder.path()).data.size() == 6);
  CHECK_THROWS_AS(load_test(folder.path()), DataError);
}

TEST_CASE("idx: Fashion-MNIST as Debian packages it", "[idx]") {
  const Dataset train = load_training("fashion-mnist").data;
  CHECK(train.size() == 60000);
  CHECK(train.pixels.size() == 60000 * 28 * 28);
  CHECK(train.class_names[9] == "Ankle boot");
  std::vector<int> counts(10);
  for (std::int32_t label : train.labels) ++counts[static_cast<std::size_t>(label)];
  CHECK(counts == std::vector<int>(10, 6000));
  const Normalization statistics = measure(train);
  CHECK(statistics.mean[0] == Approx(0.286041).margin(5e-7));
  CHECK(statistics.deviation[0] == Approx(0.353024).margin(5e-7));
  const Dataset test = load_test("fashion-mnist").data;
  CHECK(test.size() == 10000);
  CHECK(test.class_names == train.class_names);
}
