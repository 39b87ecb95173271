// The program: picks the subcommand.

#include "sallyport/result.h"

int main() { return 0; }
