/* Of Zephyr, as much as the port uses, so that the tests can compile it. */
typedef int sec_tag_t;
