// The ring between two threads.

#include "event/line_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace sallyport {
namespace {

TEST(LineQueue, GivesLinesBackInOrderAndWhole) {
  LineQueue queue(64);
  std::string batch, seen, pushed;
  // Lines of changing length run over the ring's end many times.
  for (int round = 0; round < 1000; ++round) {
    const std::string line = std::string(static_cast<size_t>(round % 31), static_cast<char>('a' + round % 26)) + "\n";
    ASSERT_TRUE(queue.push(line));
    pushed += line;
    if (round % 2 == 0) continue;
    while (queue.take(batch, 16) != 0) {
      ASSERT_EQ(batch.back(), '\n');
      seen += batch;
    }
  }
  EXPECT_EQ(seen, pushed);
}

TEST(LineQueue, RefusesWhatFindsNoRoomAndKeepsTheRest) {
  LineQueue queue(64);
  const std::string line(31, 'x');
  EXPECT_TRUE(queue.push(line + "\n"));
  EXPECT_TRUE(queue.push(line + "\n"));
  EXPECT_FALSE(queue.push("\n"));
  std::string batch;
  EXPECT_EQ(queue.take(batch, 4096), 2u);
  EXPECT_TRUE(queue.push("\n"));
  EXPECT_FALSE(queue.push_waiting(std::string(64, 'x') + "\n"));  // would never fit
}

TEST(LineQueue, LosesNothingBetweenTwoThreadsWhereOneWaits) {
  constexpr int kLines = 200'000;
  LineQueue queue(256);
  std::thread maker([&] {
    for (int i = 0; i < kLines; ++i) queue.push_waiting(std::to_string(i) + "\n");
  });
  std::string batch;
  int next = 0;
  while (next < kLines) {
    if (queue.take(batch, 100) == 0) {
      queue.wait();
      continue;
    }
    for (size_t at = 0; at < batch.size(); at = batch.find('\n', at) + 1)
      ASSERT_EQ(std::stoi(batch.substr(at)), next++);
  }
  maker.join();
  EXPECT_EQ(queue.take(batch, 100), 0u);
}

}  // namespace
}  // namespace sallyport
