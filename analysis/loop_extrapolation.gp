# Scores against the number of loops, far beyond the trained ones: circuits and languages, of the trained size and twice that.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
PAGE_H = 5.6
load ARG0[1 : strlen(ARG0) - strlen('loop_extrapolation.gp')].'style.gp'

stats TABLES.'names.tsv' every ::0::0 using (trained = column(1), most = column(2), blocks = column(3), base0 = column(4), base1 = column(5), base2 = column(6), base3 = column(7), 0) nooutput
array BASE[4] = [base0, base1, base2, base3]
array NAME[6] = ['norm, random', 'norm, fixed', 'add, random', 'add, fixed', 'none, random', 'none, fixed']
array INKS[6] = [COLOUR[1], COLOUR[1], COLOUR[2], COLOUR[2], COLOUR[6], COLOUR[6]]
array OPEN[6] = [7, 6, 5, 4, 9, 8]
array TITLE[4] = ['Circuits as deep as in training', 'Circuits twice as deep', sprintf('%g blocks, as long as in training', blocks), sprintf('%g blocks, twice as long', blocks)]
set multiplot
do for [panel = 0:3] {
  @CURVES
  left = panel % 2 == 0 ? 0.080 : 0.590; top = panel < 2 ? 0.930 : 0.440
  set lmargin at screen left; set rmargin at screen left + 0.390; set tmargin at screen top; set bmargin at screen top - 0.340
  set label 1 heading(substr('abcd', panel + 1, panel + 1), TITLE[panel + 1]) at screen left - 0.072, screen top + 0.035 font HEAD textcolor rgb INK
  set logscale x 2; set xrange [0.9 : most * 1.1]; set yrange [-0.03 : 1.06]; set ytics 0.2; set format y '%.1f'
  set xlabel 'loops' offset 0,0.4 textcolor rgb INK
  if (panel < 2) { set ylabel 'last level right' offset 0.6,0 textcolor rgb INK } else { set ylabel 'strings right' offset 0.6,0 textcolor rgb INK }
  set object 1 rect from first trained, graph 0 to first 2 * trained, graph 1 fc rgb SHADE fs solid 1.0 noborder behind
  if (panel == 1) { set key at graph 0.99,0.02 right bottom @KEY font SMALL maxrows 4 } else { unset key }
  plot for [k=1:6] TABLES.'curves.tsv' using (column(1) == panel && column(2) == k ? column(3) : NaN):5:6 with filledcurves fc rgb INKS[k] fs transparent solid 0.12 noborder notitle, \
       TABLES.'curves.tsv' using (column(1) == panel && column(2) == 0 ? column(3) : NaN):4 with lines lw 1.2 lc rgb INK notitle, \
       BASE[panel + 1] with lines lw 1.0 dt (5,4) lc rgb SOFT notitle, \
       for [k=1:6] TABLES.'curves.tsv' using (column(1) == panel && column(2) == k ? column(3) : NaN):4 with lines lw 1.0 dt 1 + (k % 2 == 0) lc rgb INKS[k] notitle, \
       for [k=1:6] TABLES.'curves.tsv' using (column(1) == panel && column(2) == k && (int(column(3)) & (int(column(3)) - 1)) == 0 ? column(3) : NaN):4 with points pt OPEN[k] ps 0.5 lc rgb INKS[k] notitle, \
       for [k=1:6] keyentry with linespoints lw 1.0 dt 1 + (k % 2 == 0) pt OPEN[k] ps 0.5 lc rgb INKS[k] title NAME[k], \
       keyentry with lines lw 1.2 lc rgb INK title 'constructed', \
       keyentry with lines lw 1.0 dt (5,4) lc rgb SOFT title 'baseline'
}
unset multiplot
